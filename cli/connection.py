"""The way to a server over HTTP; a database URL leads to `cli.direct` instead."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Final

from cli.errors import INTERRUPTED
from cli.target import Target, find_target
from cli.terminal import Connection, Terminal
from cli.trust import warn_if_insecure
from core.approvals import Approvals, Departure
from core.domain.decision import RequestRecord
from core.errors import NotAuthenticated
from core.vocabulary import RequestId

if TYPE_CHECKING:
    from core.remote.caller import TokenSource

TIMEOUT_SECONDS: Final = 30.0
"""One call; a long poll asks for less than that."""


@dataclass(frozen=True, slots=True)
class ServerConnection:
    """Approvals over REST; the server does the rest by itself."""

    approvals: Approvals
    is_direct: bool = False

    async def settle(self, _request_id: RequestId) -> RequestRecord | None:
        """Do nothing: the server's workers are at it already."""
        return None

    async def settle_departure(self, _departure: Departure) -> None:
        """Do nothing, for the same reason."""


@asynccontextmanager
async def connect(terminal: Terminal) -> AsyncIterator[Connection]:
    """Open what the flags, the environment and the stored login ask for.

    Raises:
        ConfigurationError: nothing says where to go, or it cannot be.
        NotAuthenticated: there is no token for that server.
    """
    target = find_target(terminal)
    if target.is_database:
        from cli.direct import open_direct  # noqa: PLC0415 - loads the whole core

        async with open_direct(terminal, target) as direct:
            yield direct
        return
    if target.token is None:
        raise NotAuthenticated(why=target.why_no_token)
    warn_if_insecure(terminal, target.server)
    with abrupt_interrupts():
        yield ServerConnection(_over_http(terminal, target))


def _over_http(terminal: Terminal, target: Target) -> Approvals:
    from core.remote import HttpApprovals  # noqa: PLC0415 - help does without it

    token: str | TokenSource | None = target.token
    if target.login is not None and target.login.can_renew:
        from cli.renewal import renewing  # noqa: PLC0415 - for an issuer's logins only

        token = renewing(terminal, target, target.login)
    return HttpApprovals(
        target.server,
        token=token,
        timeout_seconds=TIMEOUT_SECONDS,
        transport=target.transport,
    )


@contextmanager
def abrupt_interrupts() -> Iterator[None]:
    """Let Ctrl-C end the process at once.

    A call waits in a thread, which asyncio would wait for; nothing here needs
    an orderly end, since the server decides whatever was sent.
    """

    def leave(_number: int, _frame: FrameType | None) -> None:
        # Not through sys.stderr: it may be writing just now, and must not be
        # entered twice. Its descriptor is 2 in every process that people start.
        with suppress(OSError):
            os.write(2, b"\n")
        os._exit(INTERRUPTED)

    before = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
