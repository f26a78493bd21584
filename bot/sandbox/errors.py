"""What the sandbox refuses, in Slack's words or in its own."""

from collections.abc import Sequence

from bot.sandbox.people import Json


class MethodFailed(Exception):
    """A Web API method answers `ok: false`.

    Attributes:
        error: Slack's own error string.
        extra: other fields of the answer.
    """

    def __init__(self, error: str, *, messages: Sequence[str] = ()) -> None:
        """Fail with one of Slack's error strings.

        Args:
            messages: what is wrong and where; told under `response_metadata`.
        """
        self.error = error
        self.extra: Json = {}
        if messages:
            told = [f"[ERROR] {message}" for message in messages]
            self.extra["response_metadata"] = {"messages": told}
            if error == "invalid_blocks":
                self.extra["errors"] = list(messages)
        super().__init__(error)

    def to_answer(self) -> Json:
        """Return the body of the answer."""
        return {"ok": False, "error": self.error, **self.extra}


class MissingScope(MethodFailed):
    """The app's token lacks a scope that the method needs."""

    def __init__(self, *, needed: str, provided: str) -> None:
        """Name the scope that is needed and those that are there."""
        super().__init__("missing_scope")
        self.extra = {"needed": needed, "provided": provided}


class BadCall(Exception):
    """A control endpoint was called in a way that cannot be; answered with 400."""
