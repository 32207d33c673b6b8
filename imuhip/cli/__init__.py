"""The command line: thin shells over recording, session and pipeline.

Modules with commands import the standard library, click and each other at module level; everything heavy (numpy, mcap,
vqf, scipy, matplotlib, rich) is imported inside the command that needs it. :mod:`imuhip.cli.app` imports the module of
a command once that command is typed, so ``imuhip --version`` answers at once and no command pays for another.
"""
