"""Frames to segment orientations: VQF with the calibration applied."""
