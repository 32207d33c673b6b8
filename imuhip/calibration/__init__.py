"""Frames to biases, mounts and heading: one estimator for all that must be found out."""
