"""The payloads that people's acts become.

Source: https://docs.slack.dev/reference/interaction-payloads and
https://docs.slack.dev/interactivity/implementing-slash-commands
"""

from bot.sandbox.elements import all_options
from bot.sandbox.errors import BadCall
from bot.sandbox.messages import Conversation, Ephemeral, Message, actions_of
from bot.sandbox.people import (
    APP_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Json,
    Person,
)
from bot.sandbox.views import View

_MULTIPLE = frozenset({"multi_static_select", "checkboxes"})


def slash_command(
    person: Person,
    where: Conversation,
    *,
    command: str,
    text: str,
    trigger_id: str,
    response_url: str,
) -> Json:
    """Return the fields of a slash command."""
    return {
        "token": "deprecated",
        "team_id": person.team_id,
        "team_domain": TEAM_DOMAIN,
        "channel_id": where.id,
        "channel_name": where.payload_name(),
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": False,
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def message_click(
    person: Person,
    where: Conversation,
    shown: Message | Ephemeral,
    *,
    action: Json,
    trigger_id: str,
    response_url: str,
) -> Json:
    """Return the payload of a press on something in a message."""
    is_ephemeral = isinstance(shown, Ephemeral)
    container: Json = {
        "type": "message",
        "message_ts": shown.ts,
        "channel_id": where.id,
        "is_ephemeral": is_ephemeral,
    }
    if shown.thread_ts is not None:
        container["thread_ts"] = shown.thread_ts
    payload = _interaction("block_actions", person)
    payload |= {
        "container": container,
        "trigger_id": trigger_id,
        "channel": where.to_payload(),
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [action],
    }
    if isinstance(shown, Message):
        payload["message"] = shown.to_message()
    return payload


def home_opened(person: Person, view: View | None, *, event_id: str, ts: str) -> Json:
    """Return the envelope of the event that somebody opened App Home.

    Args:
        view: what is there to see; None the first time.

    Source: https://docs.slack.dev/reference/events/app_home_opened
    """
    event: Json = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": f"D{person.id[1:]}",
        "tab": "home",
        "event_ts": ts,
    }
    if view is not None:
        event["view"] = view.to_view()
    return {
        "token": "deprecated",
        "team_id": person.team_id,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(float(ts)),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def view_click(person: Person, view: View, *, action: Json, trigger_id: str) -> Json:
    """Return the payload of a press on something in a view."""
    return _interaction("block_actions", person) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": trigger_id,
        "view": view.to_view(),
        "actions": [action],
    }


def view_submission(person: Person, view: View, *, trigger_id: str) -> Json:
    """Return the payload of a modal that is sent off."""
    return _interaction("view_submission", person) | {
        "trigger_id": trigger_id,
        "view": view.to_view(),
        "response_urls": [],
    }


def view_closed(person: Person, view: View, *, is_cleared: bool) -> Json:
    """Return the payload of a modal that is closed; it carries no values."""
    closed = view.to_view() | {"state": {"values": {}}}
    return _interaction("view_closed", person) | {
        "view": closed,
        "is_cleared": is_cleared,
    }


def pressed(block: Json, element: Json, *, value: str | None, ts: str) -> Json:
    """Return the `actions` entry of a press.

    Args:
        value: which option is chosen, where there are options.

    Raises:
        BadCall: there is no such option.
    """
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": ts,
    }
    if element["type"] != "button":
        return action | held(element, value)
    # The keys that Slack repeats of a button.
    repeated = ("text", "value", "style", "url")
    return action | {name: element[name] for name in repeated if name in element}


def held(element: Json, value: str | list[str] | None) -> Json:
    """Return what an input holds, in the form of `state.values`.

    Args:
        value: text, or the values of the chosen options; None for nothing.

    Raises:
        BadCall: the input cannot hold that.
    """
    kind, action_id = element["type"], element["action_id"]
    if kind == "plain_text_input":
        if isinstance(value, list):
            message = f"{action_id} holds text, not a list"
            raise BadCall(message)
        return {"type": kind, "value": value or None}
    chosen = value if isinstance(value, list) else [value] if value else []
    options = {option["value"]: option for option in all_options(element)}
    unknown = [one for one in chosen if one not in options]
    if unknown:
        message = f"{action_id} has no option {unknown[0]!r}; it has {list(options)}"
        raise BadCall(message)
    found = [options[one] for one in chosen]
    if kind in _MULTIPLE:
        return {"type": kind, "selected_options": found}
    if len(found) > 1:
        message = f"{action_id} holds one option, not {len(found)}"
        raise BadCall(message)
    return {"type": kind, "selected_option": found[0] if found else None}


def state_values(view: View, given: dict[str, str | list[str]]) -> Json:
    """Return `state.values` of a view after somebody has filled it in.

    Args:
        given: by action_id; what is not given stays as it is.

    Raises:
        BadCall: the view has no such input, or it cannot hold that.
    """
    values: Json = {}
    left = set(given)
    for block, element in actions_of(view.content["blocks"]):
        if element["type"] in {"button", "overflow"}:
            continue
        name, block_id = element["action_id"], block["block_id"]
        if name in given:
            left.discard(name)
            now = held(element, given[name])
        else:
            before = view.values.get(block_id, {}).get(name)
            now = before or _initial(element)
        values.setdefault(block_id, {})[name] = now
    if left:
        known = [name for inputs in values.values() for name in inputs]
        message = f"the view has no input {sorted(left)}; it has {known}"
        raise BadCall(message)
    return values


def _initial(element: Json) -> Json:
    if element["type"] == "plain_text_input":
        return held(element, element.get("initial_value"))
    chosen = element.get("initial_options") or []
    if element.get("initial_option"):
        chosen = [element["initial_option"]]
    return held(element, [option["value"] for option in chosen])


def _interaction(kind: str, person: Person) -> Json:
    return {
        "type": kind,
        "user": person.to_actor(),
        "api_app_id": APP_ID,
        "token": "deprecated",
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }
