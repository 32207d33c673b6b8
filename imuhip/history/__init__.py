"""History: the results of a wearer's sessions in a database that belongs to the user.

Recordings stay the source of everything: a history can be built again from them (``imuhip history rebuild``).
"""
