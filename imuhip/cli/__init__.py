"""The command line: thin shells over recording, session and pipeline.

Only the standard library and typer are imported at module level; everything heavy (numpy, mcap, vqf, scipy, matplotlib,
rich) is imported inside the command that needs it, so that ``imuhip --help`` and ``imuhip --version`` answer at once.
"""
