"""Segment orientations to hip angles with validity and uncertainty."""
