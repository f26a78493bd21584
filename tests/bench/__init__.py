"""Measures, and prints a table; it asserts nothing."""
