"""Direct mode: an operator's way to the database when no server answers."""

import os
import pwd
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cryptography.fernet import Fernet
from pydantic import SecretStr

from cli.labels import standing
from cli.target import Target, display_name
from cli.terminal import Terminal
from core.approvals import Approvals, Departure
from core.domain.decision import RequestRecord
from core.domain.principal import Actor
from core.domain.request import ElevationRequest
from core.errors import ConfigurationError
from core.logs import configure_logs
from core.providers import local
from core.services.offboard import lane_of_person
from core.services.telling import lane_of
from core.settings import CoreSettings, load_core, load_document
from core.settings_parts import core_part
from core.vocabulary import GrantStatus, Origin, RequestId
from core.wiring import Jitsudo, open_jitsudo


@dataclass(slots=True)
class DirectConnection:
    """Approvals in this process; also does the due work of a request at hand.

    Attributes:
        reader: sees every request, since whoever acts may not.
        can_work: whether what a job seals could be opened again by a server.
    """

    jitsudo: Jitsudo
    approvals: Approvals
    reader: Approvals
    terminal: Terminal
    can_work: bool
    is_direct: bool = True
    _has_told: bool = False

    async def settle(self, request_id: RequestId) -> RequestRecord | None:
        """Issue or end what is due for this request, and tell what waits."""
        record = await self.reader.get(request_id)
        ran = await self._run(lane_of(record.request))
        record = await self.reader.get(request_id)
        request = record.request
        if ran:
            self.terminal.note(f"Direct mode: the request is {standing(request)} now.")
        if request.grant_status in {GrantStatus.FAILED, GrantStatus.REVOKE_FAILED}:
            self.terminal.warn(f"Direct mode: {self._why(request)}")
        self._tell_what_waits()
        return record

    async def settle_departure(self, departure: Departure) -> None:
        """End what somebody has who was shut out, as far as it can be done here."""
        await self._run(lane_of_person(departure.email))
        for request_id in departure.requests:
            await self.settle(request_id)
        self._tell_what_waits()

    async def _run(self, lane: str) -> int:
        """Run what is due in a lane, unless a server could not read the result."""
        if not self.can_work:
            return 0
        return await self.jitsudo.workers().run_lane(lane)

    def _tell_what_waits(self) -> None:
        if self._has_told:
            return
        self._has_told = True
        waits = "cards, messages, retries and the end of the grant wait for a server."
        if not self.can_work:
            waits = (
                "everything else waits for a server; with JITSUDO_ENCRYPTION_KEYS, or "
                "JITSUDO_CONFIG, it would have been done here."
            )
        self.terminal.note(f"Direct mode: {waits}")

    def _why(self, request: ElevationRequest) -> str:
        """Return why nothing was issued or ended, in words that name the provider."""
        provider = request.ask.provider
        if provider == local.NAME and not self.jitsudo.settings.local_provider:
            return (
                "provider local is not enabled in these settings "
                "(JITSUDO_LOCAL_PROVIDER); a server that has it will do it"
            )
        return f"provider {provider}: {request.grant_error}"


@asynccontextmanager
async def open_direct(
    terminal: Terminal, target: Target
) -> AsyncIterator[DirectConnection]:
    """Open the database with the server's settings.

    With a token the commands act as its owner; without one as the operator,
    who may issue tokens, shut people out, read requests and the audit log, but
    decide nothing.

    Raises:
        ConfigurationError: the settings cannot be, or name no policy.
        NotAuthenticated: the token is not valid.
    """
    configure_logs(debug=terminal.flags.debug)
    settings = _settings(terminal, target)
    can_work = bool(settings.encryption_keys)
    if not can_work and target.token is None:
        # An operator seals nothing and opens nothing; the first token is made
        # before anything else is set up.
        unused = SecretStr(Fernet.generate_key().decode())
        settings = settings.model_copy(update={"encryption_keys": (unused,)})
    user, host = _os_user(), socket.gethostname()
    evidence = {"os_user": user, "host": host}
    terminal.note(f"Direct mode: {display_name(target.server)} as {user} on {host}.")
    async with open_jitsudo(settings) as jitsudo:
        operator = jitsudo.operator(f"operator:{user}@{host}", evidence)
        approvals: Approvals = operator
        if target.token is None:
            terminal.note(
                "Direct mode: no token, so this reads as the operator and decides "
                "nothing."
            )
        else:
            bearer = await jitsudo.authenticate(target.token, origin=Origin.DIRECT)
            approvals = jitsudo.acting(
                Actor(
                    email=bearer.email,
                    origin=Origin.DIRECT,
                    evidence={**evidence, **bearer.evidence},
                    vouched_by=bearer.issued_by,
                ),
                scopes=bearer.scopes,
                expires_at=bearer.expires_at,
                method=bearer.method,
            )
        yield DirectConnection(
            jitsudo=jitsudo,
            approvals=approvals,
            reader=operator,
            terminal=terminal,
            can_work=can_work,
        )


def server_settings(terminal: Terminal, url: str) -> CoreSettings:
    """Return the server's own settings, for another address of its database.

    Raises:
        ConfigurationError: they cannot be.
    """
    document = core_part(load_document(terminal.environment))
    environment = {
        **terminal.environment,
        "JITSUDO_DATABASE_URL": async_url(url),
    }
    return load_core(environment, document)


def _settings(terminal: Terminal, target: Target) -> CoreSettings:
    settings = server_settings(terminal, target.server)
    has_policy = settings.opa_url is not None or settings.policy_dir is not None
    if target.token is not None and not has_policy:
        raise ConfigurationError(
            setting="JITSUDO_POLICY_DIR",
            why="direct mode decides by the server's policy: set this, "
            "JITSUDO_OPA_URL, or JITSUDO_CONFIG to the server's settings file",
        )
    return settings


def async_url(url: str) -> str:
    """Return a database URL with the driver that jitsudo uses."""
    scheme, separator, rest = url.partition(":")
    drivers = {
        "postgres": "postgresql+asyncpg",
        "postgresql": "postgresql+asyncpg",
        "sqlite": "sqlite+aiosqlite",
    }
    return drivers.get(scheme.lower(), scheme) + separator + rest


def _os_user() -> str:
    """Return the OS user by the process's own id; variables can say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"
