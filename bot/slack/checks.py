"""Tests what an installation in Slack needs, each part with its fix."""

from typing import Final

from pydantic import SecretStr

from bot.slack.channels import Channels
from bot.slack.client import SlackClient
from core.errors import SlackFailed
from core.health import PartHealth

SCOPES: Final = frozenset(
    {
        "chat:write",
        "commands",
        "users:read",
        "users:read.email",
        "channels:read",
        "groups:read",
    }
)
"""What the bot token needs; the manifests ask for exactly these."""

OPTIONAL_SCOPES: Final = frozenset({"usergroups:read"})
"""Needed only where groups come from Slack; a line of the manifests to put in."""


async def check_slack(
    client: SlackClient,
    channels: Channels,
    app_token: SecretStr | None,
    *,
    more_scopes: frozenset[str] = frozenset(),
) -> dict[str, PartHealth]:
    """Return the health of tokens, scopes, channel and sharing, by name.

    Args:
        client: open.
        app_token: None where Slack delivers over HTTP.
        more_scopes: of `OPTIONAL_SCOPES`, those that the settings need.
    """
    parts: dict[str, PartHealth] = {}
    try:
        workspace = await client.auth_test()
    except SlackFailed as error:
        parts["slack bot token"] = PartHealth(is_ready=False, detail=str(error))
        return parts
    parts["slack bot token"] = PartHealth(
        is_ready=True, detail=f"of team {workspace.team_id}"
    )
    needed = SCOPES | more_scopes
    missing = sorted(needed - workspace.scopes) if workspace.scopes else []
    parts["slack scopes"] = PartHealth(
        is_ready=not missing,
        detail=_without(missing) if missing else "all there",
    )
    if app_token is not None:
        parts["slack app token"] = await _check_app_token(client, app_token)
    try:
        detail = await channels.check()
        parts["slack channel"] = PartHealth(is_ready=True, detail=detail)
    except SlackFailed as error:
        parts["slack channel"] = PartHealth(is_ready=False, detail=str(error))
    return parts


def _without(missing: list[str]) -> str:
    """Return what to do about scopes; the manifests have the optional ones as notes."""
    todo = "install the app again with the manifest"
    if OPTIONAL_SCOPES & set(missing):
        todo = "put them among the manifest's scopes and install the app again with it"
    return f"missing {', '.join(missing)}; {todo}"


async def _check_app_token(client: SlackClient, token: SecretStr) -> PartHealth:
    try:
        await client.check_app_token(token.get_secret_value())
    except SlackFailed as error:
        why = f"{error}; make one with connections:write on the app's page"
        return PartHealth(is_ready=False, detail=why)
    return PartHealth(is_ready=True, detail="opens connections")
