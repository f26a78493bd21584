"""A real Dex: an identity provider of somebody else's, on the loopback."""

import http.cookiejar
import json
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any, Final

import pytest

from core.environment import read_environment
from tests.support.demos import eventually
from tests.support.issuers import CLIENT

PASSWORD: Final = "password"
_HASH: Final = "$2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W"
"""Of that password, by bcrypt. Source: Dex, config.yaml.dist."""

_ACTION: Final = re.compile(r'<form method="post" action="([^"]+)"')

_CONFIG: Final = """\
issuer: {issuer}
storage: {{type: memory}}
web: {{http: "127.0.0.1:{port}"}}
logger: {{level: error}}
oauth2:
  passwordConnector: local
  skipApprovalScreen: true
  grantTypes:
    - authorization_code
    - refresh_token
    - password
    - urn:ietf:params:oauth:grant-type:device_code
staticClients:
  - {{id: {client}, name: jitsudo, public: true, redirectURIs: [/dex/device/callback]}}
  - {{id: another, name: another, public: true, redirectURIs: [/dex/device/callback]}}
enablePasswordDB: true
staticPasswords:
"""

_PERSON: Final = """\
  - email: {email}
    hash: "{hash}"
    username: {name}
    userID: {name}
    groups: {groups}
"""


class Dex:
    """A running Dex with a few people, all of one password.

    Attributes:
        url: the issuer.
    """

    def __init__(self, *, port: int) -> None:
        """Say where it listens."""
        self.url = f"http://127.0.0.1:{port}/dex"

    def post(self, path: str, **form: str) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON that an endpoint answers to a form."""
        body = urllib.parse.urlencode(form).encode()
        try:
            with urllib.request.urlopen(self.url + path, body, timeout=10) as reply:  # noqa: S310  # loopback
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def tokens(
        self, email: str, *, client: str = CLIENT, scope: str = "openid email groups"
    ) -> dict[str, Any]:
        """Return what Dex gives for a password."""
        status, answer = self.post(
            "/token",
            grant_type="password",
            client_id=client,
            username=email,
            password=PASSWORD,
            scope=scope,
        )
        assert status == 200, answer
        return answer

    def approve(self, user_code: str, email: str) -> None:
        """Confirm a device as a person in a browser would."""
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(jar)
        page = f"{self.url}/device/auth/verify_code"
        login = _submitted(browser, page, {"user_code": user_code})
        found = _ACTION.search(login)
        assert found is not None, login
        form = urllib.parse.urljoin(self.url, unescape(found[1]))
        done = _submitted(browser, form, {"login": email, "password": PASSWORD})
        assert "Login Successful" in done, done


def _submitted(
    browser: urllib.request.OpenerDirector, url: str, form: Mapping[str, str]
) -> str:
    with browser.open(url, urllib.parse.urlencode(form).encode(), 10) as page:
        text: str = page.read().decode()
        return text


@contextmanager
def running_dex(
    binary: str, directory: Path, people: Mapping[str, list[str]]
) -> Iterator[Dex]:
    """Run a Dex on a free port of the loopback.

    Args:
        directory: for its settings and its log.
        people: groups by e-mail.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    dex = Dex(port=port)
    config = _CONFIG.format(issuer=dex.url, port=port, client=CLIENT)
    for email, groups in people.items():
        name = email.partition("@")[0]
        config += _PERSON.format(
            email=email, hash=_HASH, name=name, groups=json.dumps(groups)
        )
    path, log = directory / "dex.yaml", directory / "dex.log"
    path.write_text(config, encoding="utf-8")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [binary, "serve", path], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        eventually(lambda: _answers(process, dex, log), f"Dex; see {log}", seconds=30)
        yield dex
    finally:
        process.kill()  # asked politely, it waits for open connections
        process.wait()


def _answers(process: "subprocess.Popen[bytes]", dex: Dex, log: Path) -> bool:
    assert process.poll() is None, log.read_text(encoding="utf-8")
    try:
        with urllib.request.urlopen(f"{dex.url}/keys", timeout=5):  # noqa: S310  # loopback
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def dex_binary() -> str:
    """Return the `dex` binary; a CI without one has failed, not skipped."""
    found = shutil.which("dex")
    if found is None:
        reason = "no dex binary on the path; these tests need a real Dex (see .ci/run)"
        if read_environment().get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def dex(dex_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dex]:
    """Yield a Dex that knows alice, bob and erin, each in groups."""
    people = {
        "alice@example.com": ["sre"],
        "bob@example.com": ["sre-lead", "oncall"],
        "erin@example.com": [],
    }
    with running_dex(dex_binary, tmp_path_factory.mktemp("dex"), people) as running:
        yield running
