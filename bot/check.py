"""`jitsudo server check`: tests what a server needs, each part with its fix."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.settings import BotSettings, load_bot
from bot.slack.checks import OPTIONAL_SCOPES
from bot.slack.outside import open_outside
from bot.slack.service import SlackService
from bot.tls import Tls, TlsFiles
from core.assembly import CALL_SECONDS
from core.clock import SystemClock
from core.domain.principal import ADMINS_GROUP
from core.errors import ConfigurationError, JitsudoError
from core.health import PartHealth
from core.identity.groups_file import GroupsFile
from core.ports import Directory
from core.providers.loading import load_provider
from core.providers.sealing import FernetSealer
from core.services.provider_checks import ProviderChecks
from core.settings import CoreSettings, load_core
from core.settings_parts import core_part
from core.store.engine import open_store
from core.vocabulary import GroupSource
from core.wiring import open_id_tokens, open_jitsudo, open_policy

_DATABASE: Final = "JITSUDO_DATABASE_URL"
_NOWHERE: Final = "sqlite+aiosqlite:///:memory:"
"""Stands for a database that is not set; it is never opened."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One part, whether it can do its work, and if not what to do."""

    part: str
    is_ready: bool
    detail: str

    def to_json(self) -> dict[str, object]:
        """Return the finding for programs."""
        return {"part": self.part, "ready": self.is_ready, "detail": self.detail}


async def check_installation(
    environment: Mapping[str, str], document: Mapping[str, object]
) -> list[Finding]:
    """Return what works and what does not, every part by itself; change nothing.

    Args:
        document: the whole settings file's mapping.
    """
    findings: list[Finding] = []
    try:
        bot_settings = load_bot(environment, document)
        findings.append(_slack_finding(bot_settings))
        findings += _tls(bot_settings)
    except ConfigurationError as error:
        bot_settings = BotSettings()
        is_slacks = error.setting.lower().startswith(("jitsudo_slack_", "slack"))
        findings.append(_failing("slack settings" if is_slacks else "settings", error))
    core_document = core_part(document)
    try:
        settings = load_core(environment, core_document)
    except ConfigurationError as error:
        findings.append(_failing("settings", error))
        if environment.get(_DATABASE) or "database_url" in core_document:
            return findings
        # Without a database the rest can be tested all the same.
        try:
            settings = load_core({**environment, _DATABASE: _NOWHERE}, core_document)
        except ConfigurationError as second:
            return [*findings, _failing("settings", second)]
        return findings + await _apart(settings)
    try:
        async with (
            open_outside(bot_settings.slack) as outside,
            open_jitsudo(settings, outside=outside) as jitsudo,
        ):
            parts = dict(await jitsudo.health())
            parts |= await jitsudo.issuer_health()
            if len(jitsudo.group_sources) > 1:
                parts |= await jitsudo.group_health()
            if parts["groups"].is_ready:
                parts["admins"] = await _admins(jitsudo.directory, settings)
            for name, part in (await jitsudo.provider_health()).items():
                parts[f"provider {name}"] = part
            if bot_settings.slack is not None:
                slack = SlackService(jitsudo=jitsudo, settings=bot_settings.slack)
                parts |= await slack.check(more_scopes=_scopes_of(settings))
    except JitsudoError:
        return findings + [await _database(settings)] + await _apart(settings)
    return findings + [
        Finding(part=name, is_ready=part.is_ready, detail=part.detail)
        for name, part in parts.items()
    ]


async def _admins(directory: Directory, settings: CoreSettings) -> PartHealth:
    """Return whether anybody is an admin: nobody else is told of what is amiss."""
    try:
        admins = await directory.members_of(ADMINS_GROUP)
    except JitsudoError as error:
        return PartHealth(is_ready=False, detail=str(error))
    if admins:
        return PartHealth(is_ready=True, detail=f"{len(admins)} in {ADMINS_GROUP}")
    if GroupSource.OIDC in settings.group_sources:
        detail = f"nobody of {ADMINS_GROUP} has signed in lately"
        return PartHealth(is_ready=True, detail=detail)
    todo = "put somebody into it"
    if settings.group_sources == (GroupSource.SLACK,) and (
        not settings.admin_groups_from_slack
    ):
        todo = (
            "Slack makes nobody one, unless JITSUDO_ADMIN_GROUPS_FROM_SLACK is true; "
            "set that, or name them in a groups file and add file to "
            "JITSUDO_GROUPS_FROM"
        )
    return PartHealth(
        is_ready=False, detail=f"nobody is in {ADMINS_GROUP}, or can be told; {todo}"
    )


def _scopes_of(settings: CoreSettings) -> frozenset[str]:
    """Return what the bot token needs because of where groups come from."""
    is_slack = GroupSource.SLACK in settings.group_sources
    return OPTIONAL_SCOPES if is_slack else frozenset()


async def _database(settings: CoreSettings) -> Finding:
    try:
        store = open_store(settings.database_url.get_secret_value())
        try:
            detail = await store.ping()
            await store.check_schema()
        finally:
            await store.close()
    except JitsudoError as error:
        return _failing("database", error)
    return Finding(part="database", is_ready=True, detail=detail)


async def _apart(settings: CoreSettings) -> list[Finding]:
    """Return how the parts are that need no database, where not all can start."""
    return [
        await _policy(settings),
        await _groups(settings),
        *await _issuer(settings),
        _key(settings),
        *await _providers(settings),
    ]


async def _policy(settings: CoreSettings) -> Finding:
    try:
        engine = await open_policy(settings)
        try:
            health = await engine.health()
        finally:
            await engine.close()
    except JitsudoError as error:
        return _failing("policy", error)
    return Finding(part="policy", is_ready=health.is_ready, detail=health.detail)


async def _groups(settings: CoreSettings) -> Finding:
    if not settings.group_sources:
        return Finding(
            part="groups",
            is_ready=False,
            detail="JITSUDO_GROUPS_FILE is not set; for example policies/groups.yaml",
        )
    if settings.groups_file is None:
        return Finding(
            part="groups",
            is_ready=False,
            detail="not tested: a source other than the file needs the database",
        )
    try:
        await GroupsFile(settings.groups_file).groups_of("nobody@example.com")
    except JitsudoError as error:
        return _failing("groups", error)
    return Finding(part="groups", is_ready=True, detail="groups can be read")


async def _issuer(settings: CoreSettings) -> list[Finding]:
    """Return whether the identity provider gives its keys, where there is one."""
    name = "identity provider"
    try:
        id_tokens = open_id_tokens(settings.auth, clock=SystemClock())
        if id_tokens is None:
            return []
        try:
            detail = await id_tokens.check()
        finally:
            await id_tokens.close()
    except JitsudoError as error:
        return [_failing(name, error)]
    return [Finding(part=name, is_ready=True, detail=detail)]


async def _providers(settings: CoreSettings) -> list[Finding]:
    """Return how each provider is, whatever is wrong with another one."""
    findings = []
    for name, part in settings.providers.items():
        try:
            provider = load_provider(name, part, clock=SystemClock())
        except ConfigurationError as error:
            findings.append(_failing(f"provider {name}", error))
            continue
        try:
            checks = ProviderChecks({name: provider}, call_seconds=CALL_SECONDS)
            answer = (await checks.run())[name]
        finally:
            await provider.close()
        findings.append(
            Finding(
                part=f"provider {name}",
                is_ready=answer.is_usable,
                detail=answer.detail,
            )
        )
    return findings


def _key(settings: CoreSettings) -> Finding:
    try:
        FernetSealer([key.get_secret_value() for key in settings.encryption_keys])
    except JitsudoError as error:
        return _failing("key", error)
    return Finding(part="key", is_ready=True, detail="it can seal credentials")


def _failing(part: str, error: JitsudoError) -> Finding:
    return Finding(part=part, is_ready=False, detail=str(error))


def _tls(settings: BotSettings) -> list[Finding]:
    """Return how the server's TLS is; nothing where it speaks plain HTTP."""
    files = TlsFiles.from_settings(settings)
    if files is None:
        return []
    try:
        ends_at = files.check()
        Tls(files)
    except ConfigurationError as error:
        return [_failing("tls", error)]
    until = f"the certificate is valid until {ends_at:%Y-%m-%d %H:%M} UTC"
    if ends_at <= datetime.now(UTC):
        return [
            Finding(
                part="tls",
                is_ready=False,
                detail=f"the certificate expired {ends_at:%Y-%m-%d %H:%M} UTC; renew "
                f"{files.cert}",
            )
        ]
    return [Finding(part="tls", is_ready=True, detail=until)]


def _slack_finding(settings: BotSettings) -> Finding:
    if settings.slack is None:
        return Finding(
            part="slack settings",
            is_ready=True,
            detail="none, so only REST and the terminal are served; for cards set "
            "JITSUDO_SLACK_CHANNEL, JITSUDO_SLACK_BOT_TOKEN and "
            "JITSUDO_SLACK_APP_TOKEN or JITSUDO_SLACK_SIGNING_SECRET",
        )
    mode = "Socket Mode" if settings.slack.is_socket_mode else "HTTP"
    if not settings.slack.is_socket_mode and settings.tls_client_ca_file is not None:
        mode += (
            "; Slack has no certificate of JITSUDO_TLS_CLIENT_CA_FILE, so its "
            "deliveries need a proxy that has one, or Socket Mode"
        )
    return Finding(part="slack settings", is_ready=True, detail=f"{mode}")
