"""Credential providers in front of stand-ins of their clouds, for one suite."""
