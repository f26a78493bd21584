"""The real command over TLS, and in clear where somebody insists."""

from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.terminals import run_jitsudo
from tests.support.tls_servers import a_server

_FAR = "http://jitsudo.example.com"


def test_flags_variables_and_the_login_lead_over_tls(
    authority: Authority, tmp_path: Path
) -> None:
    """Each way arrives; without any nothing is sent."""
    mine = authority.certify("client")
    pair = authority.certify("server")
    with a_server(pair=pair, client_ca=authority.ca_file) as heard:
        server = ("--server", heard.url)
        files = (
            *("--ca-file", str(authority.ca_file)),
            *("--client-cert", str(mine.certificate)),
            *("--client-key", str(mine.key)),
        )
        variables = {
            "JITSUDO_CA_FILE": str(authority.ca_file),
            "JITSUDO_CLIENT_CERT": str(mine.certificate),
            "JITSUDO_CLIENT_KEY": str(mine.key),
        }
        before = run_jitsudo(*files, *server, "--token=t", "whoami", home=tmp_path)
        after = run_jitsudo("whoami", *server, "--token=t", *files, home=tmp_path)
        named = run_jitsudo(
            "whoami", *server, "--token=t", home=tmp_path, environment=variables
        )
        status = run_jitsudo("server", "version", *server, *files, home=tmp_path)
        unknown = run_jitsudo("whoami", *server, "--token=t", home=tmp_path)
        stored = run_jitsudo(
            "login", *server, *files, "--token-stdin", home=tmp_path, stdin="jit_t"
        )
        later = run_jitsudo("whoami", "-q", home=tmp_path)

    done = (before, after, named, stored, later)
    assert [each.returncode for each in done] == [0] * 5
    assert later.stdout == "bob@example.com\n"
    assert status.returncode == 0
    assert unknown.returncode == 7
    assert "its certificate is not trusted" in unknown.stderr
    assert len(heard.calls) == 6


def test_a_token_does_not_leave_in_clear(tmp_path: Path) -> None:
    """Without --insecure it is refused, before a name is looked up."""
    done = run_jitsudo("whoami", "--server", _FAR, "--token=jit_x", home=tmp_path)

    assert done.returncode == 1
    assert "would carry your token in clear" in done.stderr
    assert "jit_x" not in done.stderr


@pytest.mark.parametrize("place", ["before", "after"])
def test_insecure_is_loud_each_time(tmp_path: Path, place: str) -> None:
    """Even with -q the warning stands on standard error."""
    line = ["whoami", "-q", "--server", "http://no-such-host.invalid", "--token=jit_x"]
    line.insert(0 if place == "before" else len(line), "--insecure")

    done = run_jitsudo(*line, home=tmp_path)

    assert done.returncode == 7
    assert done.stderr.startswith("WARNING: --insecure: your token goes to ")
    assert "http://no-such-host.invalid:80 in clear" in done.stderr


def test_insecure_says_where_it_changes_nothing(
    authority: Authority, tmp_path: Path
) -> None:
    """A certificate is checked all the same."""
    with a_server(pair=authority.certify("server")) as heard:
        done = run_jitsudo(
            "--insecure", "whoami", "--server", heard.url, "--token=t", home=tmp_path
        )

    assert done.returncode == 7
    assert "certificates are checked always" in done.stderr
    assert "not trusted" in done.stderr
    assert heard.calls == []


def test_status_says_what_may_be_missing(authority: Authority, tmp_path: Path) -> None:
    """In the words of every other command, and not in OpenSSL's."""
    with a_server(pair=authority.certify("server")) as heard:
        unknown = run_jitsudo("server", "status", "--server", heard.url, home=tmp_path)
    with a_server() as heard:
        url = heard.url.replace("http:", "https:")
        plain = run_jitsudo("server", "status", "--server", url, home=tmp_path)

    assert "--ca-file names a certificate to trust" in unknown.stdout
    assert "it does not speak TLS; is it an http address?" in plain.stdout
