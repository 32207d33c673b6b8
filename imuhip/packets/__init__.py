"""Bytes to packets: our own protocol and each vendor's, as pure functions."""
