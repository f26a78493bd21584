"""Credential providers, one file each."""
