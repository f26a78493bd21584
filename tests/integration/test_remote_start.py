"""What the client may import: the terminal starts with it."""

import subprocess
import sys


def test_client_starts_without_the_servers_libraries() -> None:
    """The terminal is slow the day somebody imports one of these here."""
    code = (
        "import sys, core.remote; "
        "print([n for n in ('aiohttp', 'httpx', 'pydantic', 'sqlalchemy', "
        "'structlog', 'slack_bolt', 'yaml') if n in sys.modules])"
    )

    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert out.stdout.strip() == "[]"
