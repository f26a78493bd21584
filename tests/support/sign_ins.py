"""Signing in as the tests do it: a terminal on one side, a person on the other."""

from typing import Any

from core.clock import Deadline
from core.domain.principal import Actor
from core.services.sign_in import BegunSignIn, PollAnswer
from core.services.sign_in_consent import BoundConsent
from core.vocabulary import Origin
from core.wiring import Jitsudo
from tests.support.builders import ALICE

HOST = "laptop"
ADDRESS = "192.0.2.7"
EVIDENCE = {"slack_team": "T1", "slack_user": "U1"}

CLIENT = {"client_id": "jitsudo-cli"}
GRANT = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}


async def begin(jitsudo: Jitsudo, **changed: Any) -> BegunSignIn:
    """Begin a sign-in as a terminal."""
    said = {"host": HOST, "address": ADDRESS, **changed}
    return await jitsudo.services.sign_in.begin(**said)


async def poll(jitsudo: Jitsudo, begun: BegunSignIn) -> PollAnswer:
    """Ask for the token as a terminal."""
    return await jitsudo.services.sign_in.poll(begun.device_code, address=ADDRESS)


def consent(
    jitsudo: Jitsudo, email: str = ALICE, *, origin: Origin = Origin.SLACK
) -> BoundConsent:
    """Return the consent of a person whom Slack has identified."""
    actor = Actor(email=email, origin=origin, evidence=EVIDENCE)
    return jitsudo.consenting(actor, deadline=Deadline(seconds=10))
