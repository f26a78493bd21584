"""What every test can ask for; the fixtures live in `tests/support`."""

import importlib.util

_PLUGINS = (
    "tests.support.databases",
    "tests.support.engines",
    "tests.support.workspaces",
    "tests.support.servers",
    "tests.support.terminals",
)

pytest_plugins = [name for name in _PLUGINS if importlib.util.find_spec(name)]
