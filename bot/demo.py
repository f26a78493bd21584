"""The demo: the whole product beside a stand-in for Slack, in one process."""

import secrets
import socket
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from aiohttp import web
from pydantic import SecretStr

from bot.app import serving
from bot.sandbox.app import Sandbox
from bot.settings import BotSettings, SlackSettings
from bot.slack.outside import open_outside
from core.domain.principal import Actor
from core.environment import read_environment
from core.logins import Login, Logins, home_directory
from core.policy.bundle import write_starter
from core.settings import CoreSettings, without_limits
from core.store.migrate import migrate
from core.vocabulary import Origin, TokenScope
from core.wiring import Jitsudo, open_jitsudo

CHANNEL: Final = "access"
TOKEN_TTL: Final = timedelta(days=7)

WITHOUT_LOGIN: Final = frozenset({"gus", "xena"})
"""A guest and somebody of another company: Slack shows them the card, no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoOptions:
    """What a demo may do differently.

    Attributes:
        data: where everything is kept; None keeps nothing.
        database_url: None is a SQLite file in `data`.
        opa_url: None is the embedded engine over the policy in `data`.
        pacing: whether the stand-in enforces, and we keep, Slack's rate limits.
    """

    data: Path | None = None
    is_socket_mode: bool = False
    database_url: str | None = None
    opa_url: str | None = None
    pacing: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoPerson:
    """Somebody in the demo; the token is None for who has no login."""

    name: str
    email: str
    slack_id: str
    groups: tuple[str, ...]
    token: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """A running demo."""

    url: str
    data: Path
    jitsudo: Jitsudo
    people: tuple[DemoPerson, ...]
    kept_profiles: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return what a program needs to drive the demo."""
        return {
            "page": f"{self.url}/sandbox/",
            "server": self.url,
            "sandbox": f"{self.url}/sandbox",
            "data": str(self.data),
            "people": {
                person.name: {
                    "email": person.email,
                    "slack_id": person.slack_id,
                    "token": person.token,
                    "groups": list(person.groups),
                }
                for person in self.people
            },
            "channel": CHANNEL,
        }


@asynccontextmanager
async def open_demo(
    listener: socket.socket, options: DemoOptions
) -> AsyncIterator[Demo]:
    """Run the demo until the block is left.

    Args:
        listener: bound to a loopback address, listening.

    Raises:
        ConfigurationError: the data directory, database or OPA cannot be used.
    """
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    with _data_directory(options.data) as data:
        settings = _core_settings(data, options)
        await migrate(settings.database_url.get_secret_value())
        sandbox = Sandbox(
            deliver_to=None if options.is_socket_mode else f"{url}/slack/events",
            pacing=options.pacing,
            data=None if options.data is None else data / "workspace.json",
        )
        await sandbox.start(url=url)
        bot_settings = BotSettings(slack=_slack_settings(url, sandbox, options))
        async with (
            open_outside(bot_settings.slack) as outside,
            open_jitsudo(settings, outside=outside) as jitsudo,
            serving(
                jitsudo,
                bot_settings,
                listener=listener,
                add_routes=lambda app: _add_routes(app, sandbox),
            ),
        ):
            people = await _people(jitsudo, sandbox)
            with _stored_logins(url, people) as kept_profiles:
                yield Demo(
                    url=url,
                    data=data,
                    jitsudo=jitsudo,
                    people=people,
                    kept_profiles=kept_profiles,
                )


def _add_routes(app: web.Application, sandbox: Sandbox) -> None:
    """Add the stand-in's routes, and lead who opens the bare address to its page."""
    sandbox.add_routes(app)
    app.add_routes([web.get("/", _to_page)])


async def _to_page(_: web.Request) -> web.StreamResponse:
    page = "/sandbox/"
    raise web.HTTPFound(page)


@contextmanager
def _data_directory(named: Path | None) -> Iterator[Path]:
    """Yield the directory for the demo's data, filled with the starter policy."""
    if named is None:
        with tempfile.TemporaryDirectory(prefix="jitsudo-demo-") as name:
            yield _prepared(Path(name))
    else:
        named.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield _prepared(named.resolve())


def _prepared(data: Path) -> Path:
    policy = data / "policies"
    if not policy.exists():
        write_starter(policy)
    key = data / "encryption.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_bytes(urlsafe_b64encode(secrets.token_bytes(32)))
    return data


def _core_settings(data: Path, options: DemoOptions) -> CoreSettings:
    return without_limits(
        CoreSettings(
            database_url=SecretStr(
                options.database_url or f"sqlite+aiosqlite:///{data / 'jitsudo.db'}"
            ),
            opa_url=options.opa_url,
            policy_dir=None if options.opa_url else data / "policies",
            groups_file=data / "policies" / "groups.yaml",
            encryption_keys=(SecretStr((data / "encryption.key").read_text().strip()),),
            local_provider=True,
        )
    )


def _slack_settings(url: str, sandbox: Sandbox, options: DemoOptions) -> SlackSettings:
    app_token = SecretStr(sandbox.app_token) if options.is_socket_mode else None
    signing = None if options.is_socket_mode else SecretStr(sandbox.signing_secret)
    return SlackSettings(
        channel=CHANNEL,
        bot_token=SecretStr(sandbox.bot_token),
        app_token=app_token,
        signing_secret=signing,
        api_url=sandbox.api_url,
        hooks_url=url,
        allow_shared_channels=True,
        pacing=options.pacing,
    )


async def _people(jitsudo: Jitsudo, sandbox: Sandbox) -> tuple[DemoPerson, ...]:
    """Return everybody, with a new token for those who may sign in."""
    people = []
    for person in sandbox.people.values():
        email = person.email or ""
        groups = await jitsudo.directory.groups_of(email)
        has_login = person.name not in WITHOUT_LOGIN
        people.append(
            DemoPerson(
                name=person.name,
                email=email,
                slack_id=person.id,
                groups=tuple(sorted(groups)),
                token=await _token(jitsudo, email) if has_login else None,
            )
        )
    return tuple(people)


async def _token(jitsudo: Jitsudo, email: str) -> str:
    issued = await jitsudo.services.tokens.issue(
        Actor(email="system", origin=Origin.SYSTEM, evidence={"why": "demo"}),
        email,
        scopes=frozenset(TokenScope),
        ttl=TOKEN_TTL,
        deadline=None,
    )
    return issued.secret


@contextmanager
def _stored_logins(
    url: str, people: tuple[DemoPerson, ...]
) -> Iterator[tuple[str, ...]]:
    """Keep a profile per person; yield the profiles that were left alone."""
    logins: Mapping[str, Login] = {
        person.name: Login(server=url, token=person.token, email=person.email)
        for person in people
        if person.token is not None
    }
    stored = Logins(home_directory(read_environment()))
    kept = stored.store_demo(logins)
    try:
        yield kept
    finally:
        stored.remove_demo(logins)
