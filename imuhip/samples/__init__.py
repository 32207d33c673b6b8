"""Packets to samples in SI units."""
