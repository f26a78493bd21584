"""The pure part: no I/O, no clock, no async; frozen dataclasses and functions."""
