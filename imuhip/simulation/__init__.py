"""Sessions with known truth: for tests, the demo and the shipped recordings."""
