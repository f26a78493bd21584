"""`login`, `logout`, `whoami`, `token`, `policy eval`: who may come in."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.approvals import Identity, TokenPage, TokenQuery
from core.domain.policy import PolicyAnswer
from core.errors import NotAuthenticated
from core.logins import Login, Logins
from core.vocabulary import PolicyPackage, SignInMethod, TokenScope
from tests.support.builders import ALICE, NOON
from tests.support.terminals import TestTerminal, a_token

_SERVER = "http://127.0.0.1:8080"


def test_login_asks_the_server_and_stores_the_token(terminal: TestTerminal) -> None:
    """Stored are the server's own word for who it is, and until when."""
    result = terminal.run(
        "login", "--server", _SERVER, "--token-stdin", stdin="jts_secret\n"
    )

    assert result.exit_code == 0
    assert terminal.seen[0].flags.token == "jts_secret"
    assert Logins(terminal.home).all() == {
        "default": Login(
            server=_SERVER,
            token="jts_secret",
            email="bob@example.com",
            expires_at=NOON + timedelta(days=30),
        )
    }
    assert "jts_secret" not in result.stdout + result.stderr


def test_login_says_that_a_variable_wins(terminal: TestTerminal) -> None:
    """Else the next command would be somebody else's, and nobody knew why."""
    terminal.environment["JITSUDO_TOKEN"] = "jit_other"

    told = terminal.run("login", "--server", _SERVER, "--token-stdin", stdin="t")

    assert "JITSUDO_TOKEN is set, and wins over this login" in told.stderr


def test_login_stores_under_the_named_profile(terminal: TestTerminal) -> None:
    """Several people or servers live side by side."""
    terminal.run("--profile", "bob", "login", "--server", _SERVER, "--token-stdin",
                 stdin="t")  # fmt: skip

    assert list(Logins(terminal.home).all()) == ["bob"]


def test_a_token_that_is_refused_is_not_stored(terminal: TestTerminal) -> None:
    """The former login stays as it was."""
    terminal.approvals.failure = NotAuthenticated(why="this token is not known")

    result = terminal.run("login", "--server", _SERVER, "--token-stdin", stdin="bad")

    assert result.exit_code == 3
    assert Logins(terminal.home).all() == {}


@pytest.mark.parametrize("typed", ["", "two words", "new\nline", "\x1b[A"])
def test_login_takes_one_token(terminal: TestTerminal, typed: str) -> None:
    """Anything else on standard input is a mistake of the caller's."""
    result = terminal.run("login", "--server", _SERVER, "--token-stdin", stdin=typed)

    assert result.exit_code == 2
    assert terminal.approvals.asked == []


def test_logout_forgets_the_login(terminal: TestTerminal) -> None:
    """A second time there is nothing to forget."""
    Logins(terminal.home).store("default", Login(server=_SERVER, token="t"))

    assert terminal.run("logout").exit_code == 0
    assert Logins(terminal.home).all() == {}
    assert terminal.run("logout").exit_code == 3


def test_whoami_shows_what_the_server_says(terminal: TestTerminal) -> None:
    """Groups and scopes are the server's, not the login file's."""
    result = terminal.run("whoami", "--server", _SERVER, "--token", "t", "-o", "json")

    shown = json.loads(result.stdout)
    assert shown["email"] == "bob@example.com"
    assert shown["groups"] == ["sre-lead"]
    assert shown["server"] == _SERVER


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (SignInMethod.OIDC, "at the identity provider"),
        (SignInMethod.TOKEN, "with a token of jitsudo's"),
    ],
)
def test_whoami_says_how_one_signed_in(
    terminal: TestTerminal, method: SignInMethod, words: str
) -> None:
    """For people and for programs."""
    terminal.approvals.identity = Identity(
        email="bob@example.com",
        groups=(),
        trust_tier=0,
        scopes=frozenset(TokenScope),
        method=method,
    )
    told = terminal.run("whoami", "--server", _SERVER, "--token", "t")
    shown = terminal.run("whoami", "--server", _SERVER, "--token", "t", "-o", "json")

    assert words in told.stdout
    assert json.loads(shown.stdout)["method"] == method.value


def test_token_issue_prints_the_secret_alone(terminal: TestTerminal) -> None:
    """Standard output can be piped into `login --token-stdin`."""
    result = terminal.run(
        "token", "issue", "--email", "alice@example.com", "--ttl", "7d",
        "--scope", "read", "--scope", "request",
    )  # fmt: skip

    assert result.stdout == "jts_secret\n"
    assert "not shown again" in result.stderr
    assert terminal.approvals.asked == [
        (
            "issue_token",
            "alice@example.com",
            frozenset({TokenScope.READ, TokenScope.REQUEST}),
            timedelta(days=7),
        )
    ]


def test_a_token_decides_nothing_unless_asked(terminal: TestTerminal) -> None:
    """The default may ask and read."""
    terminal.run("token", "issue", "--email", "alice@example.com")

    ((_, _, scopes, ttl),) = terminal.approvals.asked
    assert scopes == {TokenScope.REQUEST, TokenScope.READ}
    assert ttl == timedelta(days=30)


def test_tokens_are_listed_without_secret_or_digest(terminal: TestTerminal) -> None:
    """The list names what `token revoke` takes."""
    terminal.approvals.issued = TokenPage(tokens=(a_token(),))

    table = terminal.run("token", "list").stdout
    document = terminal.run("token", "list", "-o", "json").stdout

    assert "tok_1" in table
    assert "valid" in table
    assert a_token().digest not in table + document
    assert set(json.loads(document)[0]) == {
        "id", "email", "scopes", "created_at", "created_by", "expires_at",
        "revoked_at", "last_used_at",
    }  # fmt: skip
    assert json.loads(document)[0]["scopes"] == ["read"]


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ((), TokenQuery()),
        (("--email", ALICE, "--with-ended"), TokenQuery(email=ALICE, with_ended=True)),
        (("--limit", "5", "--before", "tok_7"), TokenQuery(limit=5, before="tok_7")),
    ],
    ids=["none", "whose", "where"],
)
def test_a_list_of_tokens_asks_for_what_is_wanted(
    terminal: TestTerminal, options: tuple[str, ...], query: TokenQuery
) -> None:
    """By itself for the first hundred that are valid."""
    terminal.run("token", "list", *options)

    assert terminal.approvals.asked == [("tokens", query)]


@pytest.mark.parametrize("form", [(), ("-o", "json"), ("-q",)])
def test_a_list_of_tokens_with_more_says_how_to_go_on(
    terminal: TestTerminal, form: tuple[str, ...]
) -> None:
    """On standard error, so that a document stays a document."""
    page = TokenPage(tokens=(a_token(),), next_before="tok_1")
    terminal.approvals.issued = page
    more = "There are more: add --before tok_1\n"

    result = terminal.run("token", "list", *form)

    assert result.stderr == ("" if "-q" in form else more)
    assert more not in result.stdout
    assert "tok_1" in result.stdout


@pytest.mark.parametrize("limit", ["0", "501", "many"])
def test_a_list_of_tokens_has_one_to_500(terminal: TestTerminal, limit: str) -> None:
    """Anything else is a usage error, and nobody is asked."""
    assert terminal.run("token", "list", "--limit", limit).exit_code == 2
    assert terminal.approvals.asked == []


def test_a_list_of_tokens_tells_why_each_ended(terminal: TestTerminal) -> None:
    """Revoked, also if it would have expired by now."""
    ended = replace(a_token(), id="tok_2", expires_at=NOON)
    revoked = replace(ended, id="tok_3", revoked_at=NOON)
    terminal.approvals.issued = TokenPage(tokens=(revoked, ended, a_token()))

    lines = terminal.run("token", "list", "--with-ended").stdout.splitlines()[1:]

    for line, word in zip(lines, ("revoked", "expired", "valid"), strict=True):
        assert word in line


def test_a_token_is_revoked_by_its_id(terminal: TestTerminal) -> None:
    """One line says that it is done."""
    assert terminal.run("token", "revoke", "tok_1").stdout == "Token tok_1 → revoked\n"


@pytest.mark.parametrize("source", ["plain", "file", "stdin"])
def test_policy_eval_takes_its_input_three_ways(
    terminal: TestTerminal, tmp_path: Path, source: str
) -> None:
    """On the command line, from a file, from standard input."""
    text = '{"action": "submit"}'
    (tmp_path / "question.json").write_text(text, encoding="utf-8")
    given = {"plain": text, "file": f"@{tmp_path}/question.json", "stdin": "-"}

    result = terminal.run(
        "policy", "eval", "--input", given[source], stdin=text if given else ""
    )

    assert result.stdout.splitlines()[0] == "allowed: false"
    assert terminal.approvals.asked == [
        ("evaluate", PolicyPackage.ELIGIBILITY, {"action": "submit"})
    ]


def test_policy_eval_says_why_not(terminal: TestTerminal) -> None:
    """The reason is policy's own, on the second line."""
    terminal.approvals.policy = PolicyAnswer(reason="only sre-lead may")

    result = terminal.run("policy", "eval", "--type", "approval", "--input", "{}")

    assert result.stdout == "allowed: false\nreason:  only sre-lead may\n"


@pytest.mark.parametrize("text", ["", "[]", '"x"', "{", "1", "[" * 100_000, "@/none"])
def test_policy_eval_takes_a_json_object(terminal: TestTerminal, text: str) -> None:
    """Anything else is a usage error; nothing is sent."""
    result = terminal.run("policy", "eval", "--input", text)

    assert result.exit_code == 2
    assert terminal.approvals.asked == []


def test_policy_eval_refuses_two_packages(terminal: TestTerminal) -> None:
    """Contradicting flags are not settled in silence."""
    result = terminal.run(
        "policy", "eval", "--input", "{}", "--type", "approval",
        "--package", "jitsudo.eligibility",
    )  # fmt: skip

    assert result.exit_code == 2
