"""The process's environment; apart from the settings, because those load slowly."""

import os


def read_environment() -> dict[str, str]:
    """Return a copy of this process's environment; the one place that does."""
    return dict(os.environ)
