"""Flags: what results and history say to a wearer, as coaching sentences with their evidence."""
