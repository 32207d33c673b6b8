"""Samples to frames: sensor clocks to one clock, gaps, one common grid."""
