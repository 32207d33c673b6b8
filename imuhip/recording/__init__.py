"""Recordings: MCAP files of raw notifications, marks and losses."""
