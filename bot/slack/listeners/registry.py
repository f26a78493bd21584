"""Attaches every listener to the Bolt app."""

from slack_bolt.async_app import AsyncApp

from bot.slack.adoption import Adoption
from bot.slack.client import SlackClient
from bot.slack.desk import Desk
from bot.slack.listeners.commands import CommandListeners
from bot.slack.listeners.decisions import DecisionListeners
from bot.slack.listeners.extensions import ExtensionListeners
from bot.slack.listeners.grants import GrantListeners
from bot.slack.listeners.home import HomeListeners
from bot.slack.listeners.requests import RequestListeners
from bot.slack.listeners.reviews import ReviewListeners
from bot.slack.listeners.sign_ins import SignInListeners
from core.ports import Clock


def register_listeners(
    app: AsyncApp, *, desk: Desk, client: SlackClient, adoption: Adoption, clock: Clock
) -> None:
    """Make all listeners and attach them to `app`."""
    CommandListeners(desk=desk, client=client, clock=clock).register(app)
    RequestListeners(desk=desk).register(app)
    DecisionListeners(
        desk=desk, client=client, adoption=adoption, clock=clock
    ).register(app)
    GrantListeners(desk=desk, client=client, adoption=adoption).register(app)
    ExtensionListeners(
        desk=desk, client=client, adoption=adoption, clock=clock
    ).register(app)
    ReviewListeners(desk=desk, client=client, adoption=adoption).register(app)
    HomeListeners(desk=desk, client=client).register(app)
    SignInListeners(desk=desk, client=client, clock=clock).register(app)
