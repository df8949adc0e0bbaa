"""Copies of X12 files that can be shared: the same fake for the same person, money and codes as they were."""
