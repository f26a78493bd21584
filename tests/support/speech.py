"""Every place where a person can type a reason or a comment, and what came of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.support.demos import DemoDriver, Finished


@dataclass(frozen=True, kw_only=True)
class Said:
    """What became of something that somebody typed.

    Attributes:
        told: everything the person read in answer.
        stored: the text as it is kept; None where it was not taken.
    """

    told: str
    request_id: str
    stored: str | None


def _stored(driver: DemoDriver, request_id: str) -> str | None:
    """Return the text of the decision on a request, if there is one."""
    request = driver.shown(request_id)
    if request["state"] == "REQUEST_STATE_PENDING":
        assert request["decisions"] == []
        return None
    text: str = request["approverComment"]
    return text


def _after(driver: DemoDriver, request_id: str, told: object) -> Said:
    words = told if isinstance(told, str) else json.dumps(told)
    return Said(told=words, request_id=request_id, stored=_stored(driver, request_id))


def _terminal(driver: DemoDriver, request_id: str, done: Finished) -> Said:
    assert (done.code == 0) == (done.err.count("Error: ") == 0)
    return _after(driver, request_id, done.out + done.err)


def terminal_comment(driver: DemoDriver, text: str) -> Said:
    """Approve in the terminal, with the comment on standard input."""
    request_id = driver.submit()
    done = driver.cli("bob", "approve", request_id, "--comment", "-", stdin=text)
    return _terminal(driver, request_id, done)


def terminal_reason(driver: DemoDriver, text: str) -> Said:
    """Deny in the terminal, with the reason on standard input."""
    request_id = driver.submit()
    done = driver.cli("bob", "deny", request_id, "--reason", "-", stdin=text)
    return _terminal(driver, request_id, done)


def slash_comment(driver: DemoDriver, text: str) -> Said:
    """Approve by slash command."""
    request_id = driver.submit()
    answer = driver.command("bob", f"approve {request_id} --comment {quoted(text)}")
    assert answer["error"] is None
    return _after(driver, request_id, " ".join(answer["ephemeral"]))


def slash_reason(driver: DemoDriver, text: str) -> Said:
    """Deny by slash command."""
    request_id = driver.submit()
    answer = driver.command("bob", f"deny {request_id} --reason {quoted(text)}")
    assert answer["error"] is None
    return _after(driver, request_id, " ".join(answer["ephemeral"]))


def modal_reason(driver: DemoDriver, text: str) -> Said:
    """Deny by the modal behind the button."""
    request_id = driver.submit()
    view = driver.click("bob", request_id, "deny")["view"]
    answer = driver.control(
        "submit", user="bob", view_id=view["id"], values={"reason": text}
    )
    assert answer["error"] is None
    return _after(driver, request_id, answer["errors"])


def rest_comment(driver: DemoDriver, text: str) -> Said:
    """Approve over the REST API."""
    request_id = driver.submit()
    _, answer = driver.decide("bob", request_id, "approve", comment=text)
    return _after(driver, request_id, answer)


def rest_reason(driver: DemoDriver, text: str) -> Said:
    """Deny over the REST API."""
    request_id = driver.submit()
    _, answer = driver.decide("bob", request_id, "deny", reason=text)
    return _after(driver, request_id, answer)


def _asked(driver: DemoDriver, before: set[str], told: object) -> Said:
    """Return what became of an ask: the one request that is new, if there is one."""
    new = _requests(driver) - before
    assert len(new) <= 1
    words = told if isinstance(told, str) else json.dumps(told)
    if not new:
        return Said(told=words, request_id="", stored=None)
    (request_id,) = new
    return Said(
        told=words,
        request_id=request_id,
        stored=driver.shown(request_id)["reason"],
    )


def _requests(driver: DemoDriver) -> set[str]:
    _, page = driver.api("alice", "GET", "/requests?mine=true&pageSize=100")
    return {request["id"] for request in page["requests"]}


ASK: Final = {"provider": "local", "role": "infra-admin", "scope": "staging"}


def terminal_ask(driver: DemoDriver, text: str) -> Said:
    """Ask in the terminal, with the reason on standard input."""
    before = _requests(driver)
    options = [part for name, value in ASK.items() for part in (f"--{name}", value)]
    done = driver.cli("alice", "request", *options, "--reason", "-", stdin=text)
    return _asked(driver, before, done.out + done.err)


def slash_ask(driver: DemoDriver, text: str) -> Said:
    """Ask by slash command."""
    before = _requests(driver)
    options = " ".join(f"--{name} {value}" for name, value in ASK.items())
    answer = driver.command("alice", f"request {options} --reason {quoted(text)}")
    assert answer["error"] is None
    return _asked(driver, before, " ".join(answer["ephemeral"]))


def form_ask(driver: DemoDriver, text: str) -> Said:
    """Ask by the form."""
    before = _requests(driver)
    view = driver.command("alice", "request")["view"]
    values = {**ASK, "duration": "1h", "reason": text}
    answer = driver.control("submit", user="alice", view_id=view["id"], values=values)
    assert answer["error"] is None
    return _asked(driver, before, answer["errors"])


def rest_ask(driver: DemoDriver, text: str) -> Said:
    """Ask over the REST API."""
    before = _requests(driver)
    body = {
        "provider": "local",
        "role": "infra-admin",
        "resourceScope": "staging",
        "durationSeconds": "3600",
        "reason": text,
    }
    _, answer = driver.api("alice", "POST", "/requests", body)
    return _asked(driver, before, answer)


def quoted(text: str) -> str:
    """Return a text in double quotes, as one word of a slash command."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


Place = Callable[[DemoDriver, str], Said]

TERMINAL: Final[dict[str, Place]] = {
    place.__name__: place for place in (terminal_comment, terminal_reason, terminal_ask)
}

OVER_HTTP: Final[dict[str, Place]] = {
    place.__name__: place
    for place in (
        *(slash_comment, slash_reason, slash_ask),
        *(modal_reason, form_ask),
        *(rest_comment, rest_reason, rest_ask),
    )
}

PLACES: Final = {**TERMINAL, **OVER_HTTP}


def words_of(message: dict[str, Any]) -> str:
    """Return everything that a message shows, with its thread, as one text."""
    return json.dumps(message, ensure_ascii=False)
