"""`jitsudo login` against a strict issuer, and through Slack, as a person sees it."""

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Final

import pytest

from core.logins import LoginKind, Logins
from tests.support.issuers import TOKEN, Issuer
from tests.support.sign_in_servers import SignInServer
from tests.support.terminals import JITSUDO, run_jitsudo

_CODE: Final = re.compile(r"[B-Z]{4}-[B-Z]{4}")

Finished = subprocess.CompletedProcess[str]


class Signing:
    """A `jitsudo login` that has shown its code and waits."""

    def __init__(self, server: SignInServer, home: Path, *arguments: str) -> None:
        """Start it, and read what it shows up to the code."""
        self.process = subprocess.Popen(
            [JITSUDO, "login", "--server", server.url, *arguments],
            env={"PATH": "/usr/bin:/bin", "JITSUDO_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.shown = ""
        self.code = ""
        for line in self.process.stderr:
            self.shown += line
            if found := _CODE.search(line):
                self.code = found[0]
                return
        self.process.wait()
        pytest.fail(self.shown)

    def end(self) -> Finished:
        """Return what became of it."""
        out, rest = self.process.communicate(timeout=30)
        return Finished([], self.process.returncode, out, self.shown + rest)


def test_login_at_the_issuer(
    sign_in_server: SignInServer, issuer: Issuer, tmp_path: Path
) -> None:
    """The code is shown, confirmed elsewhere, and the ID token is what is sent."""
    sign_in_server.offer(issuer)
    signing = Signing(sign_in_server, tmp_path)

    issuer.devices.approve(signing.code, "alice@example.com")
    done = signing.end()
    login = Logins(tmp_path).all()["default"]

    assert (done.returncode, done.stdout) == (0, "")
    assert f"open\n\n    {issuer.url}/device\n" in done.stderr
    assert "Logged in as alice@example.com" in done.stderr
    assert login.kind is LoginKind.OIDC
    assert (login.issuer, login.client_id) == (issuer.url, "jitsudo-cli")
    assert login.refresh_token
    assert login.can_renew
    assert sign_in_server.bearers == [login.token]
    assert login.token not in done.stderr
    assert login.refresh_token not in done.stderr + repr(login)
    assert issuer.devices.devices[0].scope == "openid email offline_access"


def test_login_through_slack(sign_in_server: SignInServer, tmp_path: Path) -> None:
    """The line to type in Slack is shown; the server's own token is stored."""
    sign_in_server.offer(slack=True)
    signing = Signing(sign_in_server, tmp_path, "--slack", "-o", "json")

    done = signing.end()
    login = Logins(tmp_path).all()["default"]

    assert done.returncode == 0
    assert "\n    /jitsudo login BCDF-GHJK\n" in done.stderr
    assert login.kind is LoginKind.SLACK
    assert login.token in sign_in_server.tokens
    assert login.expires_at == sign_in_server.tokens[login.token].expires_at
    assert json.loads(done.stdout) == {
        "email": "bob@example.com",
        "kind": "slack",
        "expires_at": login.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "is_renewed": False,
        "server": sign_in_server.url,
        "profile": "default",
    }


def test_a_server_with_slack_only_needs_no_flag(
    sign_in_server: SignInServer, tmp_path: Path
) -> None:
    """There is one way, so it is taken; a server's hiccups are waited out."""
    sign_in_server.offer(slack=True)
    sign_in_server.answers = [503, "authorization_pending"]

    done = Signing(sign_in_server, tmp_path).end()

    assert done.returncode == 0
    assert len(sign_in_server.forms) == 4


def test_the_issuer_comes_first(
    sign_in_server: SignInServer, issuer: Issuer, tmp_path: Path
) -> None:
    """Where both are offered, --slack chooses Slack."""
    sign_in_server.offer(issuer, slack=True)
    at_issuer = Signing(sign_in_server, tmp_path)
    issuer.devices.deny(at_issuer.code)

    assert at_issuer.end().returncode == 3
    assert Signing(sign_in_server, tmp_path, "--slack").end().returncode == 0


@pytest.mark.parametrize(
    ("act", "told"),
    [("deny", "the sign-in was refused"), ("expire", "nobody confirmed the code")],
)
def test_a_no_and_a_late_answer_store_nothing(
    sign_in_server: SignInServer,
    issuer: Issuer,
    tmp_path: Path,
    act: str,
    told: str,
) -> None:
    """The exit code is that of somebody who is not signed in."""
    sign_in_server.offer(issuer)
    signing = Signing(sign_in_server, tmp_path)

    getattr(issuer.devices, act)(signing.code)
    done = signing.end()

    assert done.returncode == 3
    assert told in done.stderr
    assert Logins(tmp_path).all() == {}


def test_ctrl_c_stores_nothing(
    sign_in_server: SignInServer, issuer: Issuer, tmp_path: Path
) -> None:
    """It ends at once, with 130."""
    sign_in_server.offer(issuer)
    signing = Signing(sign_in_server, tmp_path)

    signing.process.send_signal(signal.SIGINT)
    done = signing.end()

    assert done.returncode == 130
    assert not (tmp_path / "credentials").exists()


def test_a_login_that_the_server_refuses_is_not_stored(
    sign_in_server: SignInServer, issuer: Issuer, tmp_path: Path
) -> None:
    """The server's word counts, whatever the issuer says."""
    sign_in_server.offer(issuer)
    signing = Signing(sign_in_server, tmp_path)
    sign_in_server.issuer = None

    issuer.devices.approve(signing.code)
    done = signing.end()

    assert done.returncode == 3
    assert Logins(tmp_path).all() == {}


@pytest.mark.parametrize(
    ("offered", "arguments", "exit_code", "told"),
    [
        ("nothing", (), 3, "offers no sign-in: have an admin make a token"),
        ("unknown", (), 3, "offers no sign-in: have an admin make a token"),
        ("nothing", ("--slack",), 3, "offers no sign-in"),
        ("issuer", ("--slack",), 3, "has no sign-in through Slack; it signs people in"),
        ("slack", ("--provider", "https://x.example"), 3, "through Slack (--slack)"),
        (
            "issuer",
            ("--provider", "https://evil.example"),
            3,
            "does not take sign-ins of https://evil.example; it signs people in at",
        ),
        ("issuer", ("--slack", "--provider", "https://x.example"), 2, "choose one"),
        ("issuer", ("--slack", "--token-stdin"), 2, "choose one"),
        ("issuer", ("--slack", "--token", "t"), 2, "choose one"),
    ],
)
def test_a_way_that_is_not_there_is_told(
    *,
    sign_in_server: SignInServer,
    issuer: Issuer,
    tmp_path: Path,
    offered: str,
    arguments: tuple[str, ...],
    exit_code: int,
    told: str,
) -> None:
    """With what there is instead; nothing is asked for and nothing stored."""
    sign_in_server.offer(
        issuer if offered == "issuer" else None, slack=offered == "slack"
    )
    if offered == "unknown":
        sign_in_server.offers = None

    done = run_jitsudo("login", "--server", sign_in_server.url, *arguments,
                       home=tmp_path)  # fmt: skip

    assert done.returncode == exit_code
    assert told in done.stderr
    assert issuer.devices.devices == []
    assert sign_in_server.forms == []
    assert Logins(tmp_path).all() == {}


@pytest.mark.parametrize(
    ("offers", "told"),
    [
        ({"issuer": 7}, "issuer: has to be a string"),
        ({"scopes": "openid"}, "scopes: has to be a list"),
        ({"slack": "yes"}, "slack: has to be true or false"),
        ({"issuer": "https://x.example"}, "an issuer without a client"),
        ({"clientId": "jitsudo-cli"}, "an issuer without a client"),
    ],
    ids=["odd_issuer", "odd_scopes", "odd_slack", "no_client", "no_issuer"],
)
def test_an_offer_that_jitsudo_does_not_make_is_refused(
    sign_in_server: SignInServer, tmp_path: Path, offers: dict[str, object], told: str
) -> None:
    """Whoever answers there is not asked for anything more."""
    sign_in_server.offers = offers

    done = run_jitsudo("login", "--server", sign_in_server.url, home=tmp_path)

    assert done.returncode == 7
    assert told in done.stderr
    assert sign_in_server.forms == []
    assert Logins(tmp_path).all() == {}


def test_the_issuer_that_is_named_may_be_the_servers(
    sign_in_server: SignInServer, issuer: Issuer, tmp_path: Path
) -> None:
    """A slash more or less at the end is nothing to argue about."""
    sign_in_server.offer(issuer)
    signing = Signing(sign_in_server, tmp_path, "--provider", issuer.url + "/")

    issuer.devices.approve(signing.code)

    assert signing.end().returncode == 0


def test_an_issuer_that_is_down_is_named(
    sign_in_server: SignInServer, issuer: Issuer, tmp_path: Path
) -> None:
    """It is not the server that is at fault."""
    sign_in_server.offer(issuer)
    with issuer.down():
        done = run_jitsudo("login", "--server", sign_in_server.url, home=tmp_path)

    assert done.returncode == 7
    assert issuer.url in done.stderr


def test_a_discovery_document_of_somebody_else_is_refused(
    sign_in_server: SignInServer, issuer: Issuer, tmp_path: Path
) -> None:
    """Otherwise a code could be asked for at a place of the other's choice."""
    sign_in_server.offer(issuer)
    document = {**issuer.discovery(), "issuer": "https://evil.example"}
    with issuer.answering("/.well-known/openid-configuration", document):
        done = run_jitsudo("login", "--server", sign_in_server.url, home=tmp_path)

    assert done.returncode == 7
    assert "its discovery document is of 'https://evil.example'" in done.stderr
    assert issuer.devices.devices == []


def test_a_second_login_goes_where_the_first_one_did(
    sign_in_server: SignInServer, issuer: Issuer, tmp_path: Path
) -> None:
    """Whoever has to sign in again types `jitsudo login` and nothing else."""
    sign_in_server.offer(slack=True)
    Signing(sign_in_server, tmp_path).end()
    before = Logins(tmp_path).all()["default"]

    done = run_jitsudo("login", home=tmp_path)

    assert done.returncode == 0
    assert Logins(tmp_path).all()["default"].token != before.token
    assert issuer.asked[TOKEN] == 0
