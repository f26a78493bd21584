"""What other people's libraries may write into our logs."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "logger",
    [
        "slack_bolt.App",
        "kubernetes_asyncio.client.rest",
        "kubernetes_asyncio.config.kube_config",
    ],
)
def test_a_library_that_logs_secrets_is_silent(logger: str) -> None:
    """Also where somebody looks for a fault; what comes of it is told by us."""
    program = (
        "import logging; from core.logs import configure_logs\n"
        "configure_logs(debug=True); logging.getLogger().setLevel(logging.DEBUG)\n"
        f"logging.getLogger({logger!r}).info('fake-secret')"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stderr == ""
