"""Where a server listens, and what is said if it cannot."""

import pytest

from bot.app import listen
from core.errors import ConfigurationError


def test_a_port_that_somebody_has_is_named_once_with_what_to_do() -> None:
    """One short sentence, without what Python adds to it."""
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ConfigurationError) as caught:
            listen("127.0.0.1", port)

    assert str(caught.value) == (
        f"port: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "choose another with --port"
    )
