"""The manifests ask for what the application uses, and for nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.slack import client, ids
from bot.slack.checks import OPTIONAL_SCOPES, SCOPES
from bot.slack.transport import PATH

MANIFESTS = Path(__file__).parents[2] / "manifests" / "slack"

SCOPES_OF = {
    "auth.test": set[str](),
    "apps.connections.open": set[str](),  # the app-level token's connections:write
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.list": {"channels:read", "groups:read"},
    "usergroups.list": {"usergroups:read"},
    "users.info": {"users:read", "users:read.email"},
    "users.lookupByEmail": {"users:read.email"},
    "views.open": set[str](),
    "views.publish": set[str](),
    "views.update": set[str](),
}
"""Source: docs.slack.dev, the page of each method."""


def read(name: str) -> dict[str, Any]:
    """Return a manifest."""
    text = (MANIFESTS / name).read_text(encoding="utf-8")
    manifest: dict[str, Any] = yaml.safe_load(text)
    return manifest


@pytest.fixture(params=["http.yaml", "socket-mode.yaml"])
def manifest(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each manifest."""
    return read(request.param)


def called_methods() -> set[str]:
    """Return the Web API methods whose names stand in the source."""
    package = Path(client.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in package.glob("*.py"))
    source = "\n".join(
        line for line in source.splitlines() if not line.startswith('"""')
    )
    pattern = r'"((?:auth|apps|chat|conversations|users|usergroups|views)\.[\w.]+)"'
    return set(re.findall(pattern, source))


def test_every_method_that_is_called_is_covered_by_a_scope(
    manifest: dict[str, Any],
) -> None:
    """A method without its scope fails only in a real workspace."""
    called = {scope for method in called_methods() for scope in SCOPES_OF[method]}
    needed = called - OPTIONAL_SCOPES

    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed | {"commands"}
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == SCOPES
    assert called - needed == OPTIONAL_SCOPES


@pytest.mark.parametrize("name", ["http.yaml", "socket-mode.yaml"])
def test_an_optional_scope_is_a_line_to_uncomment(name: str) -> None:
    """It is asked for only by who needs it."""
    text = (MANIFESTS / name).read_text(encoding="utf-8")

    for scope in OPTIONAL_SCOPES:
        assert f"      # - {scope} #" in text


def test_the_command_of_the_manifest_is_the_one_that_is_answered(
    manifest: dict[str, Any],
) -> None:
    """One command, passed on as it was typed."""
    (command,) = manifest["features"]["slash_commands"]

    assert command["command"] == ids.COMMAND
    assert command["should_escape"] is False


def test_direct_messages_can_arrive_and_buttons_can_be_pressed(
    manifest: dict[str, Any],
) -> None:
    """Without the Messages tab posts fail with messages_tab_disabled."""
    assert manifest["features"]["app_home"]["messages_tab_enabled"] is True
    assert manifest["settings"]["interactivity"]["is_enabled"] is True


def test_app_home_is_there_and_its_event_comes(manifest: dict[str, Any]) -> None:
    """Without the event the tab stays empty; no other event is asked for."""
    assert manifest["features"]["app_home"]["home_tab_enabled"] is True
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert events == ["app_home_opened"]


def test_texts_are_within_slacks_limits(manifest: dict[str, Any]) -> None:
    """Slack refuses a manifest whose name or description is too long."""
    shown = manifest["display_information"]

    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140


def test_the_http_manifest_sends_everything_to_the_one_route() -> None:
    """Commands, interactions and events share one address."""
    manifest = read("http.yaml")
    (command,) = manifest["features"]["slash_commands"]

    assert manifest["settings"]["socket_mode_enabled"] is False
    assert command["url"].endswith(PATH)
    settings = manifest["settings"]
    assert settings["interactivity"]["request_url"] == command["url"]
    assert settings["event_subscriptions"]["request_url"] == command["url"]


def test_the_socket_mode_manifest_names_no_address() -> None:
    """Slack refuses a request_url together with Socket Mode."""
    manifest = read("socket-mode.yaml")

    assert manifest["settings"]["socket_mode_enabled"] is True
    assert "url" not in str(manifest["settings"]["interactivity"])
    assert "url" not in str(manifest["settings"]["event_subscriptions"])
    assert "https" not in str(manifest["features"])
