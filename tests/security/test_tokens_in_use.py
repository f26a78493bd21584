"""Tokens that are wrong, run out, revoked or missing, in the terminal and over REST."""

import pytest

from core.domain.token import secret_from
from tests.support.demos import DemoDriver, Finished, eventually

NEVER_ISSUED = secret_from(bytes(20))


def with_token(demo: DemoDriver, token: str, *arguments: str) -> Finished:
    """Run the terminal with a token instead of a login."""
    return demo.cli("nobody", "--server", demo.server, "--token", token, *arguments)


def issued(demo: DemoDriver, *options: str) -> tuple[str, str]:
    """Issue a token for bob as an admin; return its secret and its id."""
    done = demo.cli(
        "erin", "token", "issue", "--email", "bob@example.com", *options, "-o", "json"
    )
    assert done.code == 0, done.err
    return done.json["token"], done.json["id"]


@pytest.mark.parametrize("token", ["wrong", NEVER_ISSUED, "x" * 5_000, "é"])
def test_a_wrong_token_decides_nothing(demo: DemoDriver, token: str) -> None:
    """Exit code 3, one line that says what to do, and never the token itself."""
    request_id = demo.submit()

    done = with_token(demo, token, "approve", request_id)

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1
    assert token not in done.err
    assert demo.state_of(request_id) == "PENDING"


def test_without_a_token_the_terminal_says_how_to_sign_in(demo: DemoDriver) -> None:
    """Somebody who never signed in reads the command for it."""
    request_id = demo.submit()

    done = demo.cli("nobody", "--server", demo.server, "approve", request_id)

    assert (done.code, done.out) == (3, "")
    assert "jitsudo login" in done.err
    assert demo.http(
        "POST", f"{demo.server}/api/v1alpha1/requests/{request_id}/approve", {}
    )[0] == 401  # fmt: skip
    assert demo.state_of(request_id) == "PENDING"


def test_a_token_that_has_run_out_is_nobodys(demo: DemoDriver) -> None:
    """It works, and a second later it does not; the terminal says why."""
    request_id = demo.submit()
    secret, _ = issued(demo, "--ttl", "2s")

    def is_out() -> bool:
        return with_token(demo, secret, "whoami").code == 3

    eventually(is_out, "the token's end")
    done = with_token(demo, secret, "approve", request_id)

    assert (done.code, done.out) == (3, "")
    assert "expired" in done.err or "not valid" in done.err
    assert demo.state_of(request_id) == "PENDING"


def test_a_revoked_token_is_nobodys_at_once(demo: DemoDriver) -> None:
    """The next call is refused; other tokens of the same person go on."""
    request_id = demo.submit()
    secret, token_id = issued(demo)
    assert with_token(demo, secret, "whoami").code == 0

    assert demo.cli("erin", "token", "revoke", token_id).code == 0

    assert with_token(demo, secret, "approve", request_id).code == 3
    assert demo.state_of(request_id) == "PENDING"
    assert demo.cli("bob", "whoami").code == 0


def test_a_token_for_reading_decides_nothing(demo: DemoDriver) -> None:
    """The scope is a limit on the person, said as such."""
    request_id = demo.submit()
    secret, _ = issued(demo, "--scope", "read")

    assert with_token(demo, secret, "status", request_id).code == 0
    done = with_token(demo, secret, "approve", request_id)

    assert (done.code, done.out) == (4, "")
    assert "approve" in done.err
    assert demo.state_of(request_id) == "PENDING"
    demo.check_chain()
