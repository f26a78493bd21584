"""Whom the client believes, what it shows of itself, and where a token goes."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.approvals import Identity
from core.errors import ConfigurationError, ServerUnavailable
from core.remote import HttpApprovals
from core.remote.transport import Transport
from tests.support.certificates import Authority
from tests.support.tls_servers import a_server

TOKEN = "jit_secret-that-no-error-repeats"


def _with(files: Mapping[str, str]) -> Transport:
    return Transport.checked(
        ca_file=files.get("ca_file", ""),
        client_cert=files.get("client_cert", ""),
        client_key=files.get("client_key", ""),
    )


async def _ask(url: str, **files: str) -> Identity:
    return await HttpApprovals(
        url, token=TOKEN, timeout_seconds=5, transport=_with(files)
    ).whoami()


async def _why_not(url: str, **files: str) -> str:
    with pytest.raises(ServerUnavailable) as raised:
        await _ask(url, **files)
    assert TOKEN not in str(raised.value)
    return raised.value.why


async def test_an_authority_that_is_named_is_believed(authority: Authority) -> None:
    """The token arrives, over TLS."""
    with a_server(pair=authority.certify("server")) as heard:
        who = await _ask(heard.url, ca_file=str(authority.ca_file))

    assert who.email == "bob@example.com"
    assert heard.headers[0]["Authorization"] == f"Bearer {TOKEN}"


async def test_an_unknown_authority_is_not_believed(authority: Authority) -> None:
    """Nothing is sent, and the way to trust it is named."""
    with a_server(pair=authority.certify("server")) as heard:
        why = await _why_not(heard.url)

    assert "its certificate is not trusted" in why
    assert "--ca-file" in why
    assert heard.calls == []


async def test_another_authority_is_no_substitute(
    authority: Authority, tmp_path: Path
) -> None:
    """Only who is in the file vouches for the server."""
    other = Authority(tmp_path, "other")
    with a_server(pair=authority.certify("server")) as heard:
        why = await _why_not(heard.url, ca_file=str(other.ca_file))

    assert "not trusted" in why
    assert heard.calls == []


async def test_a_certificate_of_another_host_is_refused(authority: Authority) -> None:
    """A true certificate of somebody else proves nothing."""
    pair = authority.certify("server", host="other.example.com")
    with a_server(pair=pair) as heard:
        why = await _why_not(heard.url, ca_file=str(authority.ca_file))

    assert "IP address mismatch" in why
    assert why.endswith("write the name that it is for, or have it name this one")
    assert heard.calls == []


async def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    """The reason is told as OpenSSL tells it; trusting it would not help."""
    with a_server(pair=authority.certify("server", has_expired=True)) as heard:
        why = await _why_not(heard.url, ca_file=str(authority.ca_file))

    assert why.endswith("certificate has expired; whoever runs it has to renew it")
    assert heard.calls == []


async def test_insecure_does_not_switch_the_check_off(authority: Authority) -> None:
    """It is about plain http and nothing else."""
    transport = Transport(is_insecure=True)
    with a_server(pair=authority.certify("server")) as heard:
        client = HttpApprovals(heard.url, token=TOKEN, transport=transport)
        with pytest.raises(ServerUnavailable):
            await client.whoami()

    assert heard.calls == []
    for context in (transport.context(), transport.for_issuer()):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


async def test_a_client_certificate_is_shown(authority: Authority) -> None:
    """A server that asks for one gets the call."""
    mine = authority.certify("client")
    pair = authority.certify("server")
    with a_server(pair=pair, client_ca=authority.ca_file) as heard:
        await _ask(
            heard.url,
            ca_file=str(authority.ca_file),
            client_cert=str(mine.certificate),
            client_key=str(mine.key),
        )

    assert heard.calls == ["GET /api/v1alpha1/whoami"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_missing_client_certificate_is_told(
    authority: Authority, version: ssl.TLSVersion
) -> None:
    """Whoever is asked for one reads which flags give it."""
    with a_server(
        pair=authority.certify("server"),
        client_ca=authority.ca_file,
        oldest=version,
        newest=version,
    ) as heard:
        why = await _why_not(heard.url, ca_file=str(authority.ca_file))

    assert "client certificate" in why
    assert "--client-cert" in why
    assert heard.calls == []


async def test_a_client_certificate_of_a_stranger_is_told(
    authority: Authority, tmp_path: Path
) -> None:
    """It is our certificate that is wrong, not the server's."""
    mine = Authority(tmp_path, "other").certify("client")
    pair = authority.certify("server")
    with a_server(pair=pair, client_ca=authority.ca_file) as heard:
        why = await _why_not(
            heard.url,
            ca_file=str(authority.ca_file),
            client_cert=str(mine.certificate),
            client_key=str(mine.key),
        )

    assert "client certificate" in why
    assert heard.calls == []


async def test_a_redirect_never_takes_the_token_along(authority: Authority) -> None:
    """Neither to plain http nor to another host; the place is named instead."""
    with (
        a_server() as elsewhere,
        a_server(
            pair=authority.certify("server"), redirect_to=f"{elsewhere.url}/whoami"
        ) as heard,
    ):
        why = await _why_not(heard.url, ca_file=str(authority.ca_file))

    assert "it sends elsewhere" in why
    assert len(heard.calls) == 1
    assert elsewhere.calls == []


async def test_calls_at_once_share_what_was_read_of_the_files(
    authority: Authority,
) -> None:
    """The authority's file is read when the client is made, and not again."""
    with a_server(pair=authority.certify("server")) as heard:
        client = HttpApprovals(
            heard.url,
            token=TOKEN,
            transport=Transport(ca_file=str(authority.ca_file)),
        )
        authority.ca_file.unlink()
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(client.whoami())

    assert len(heard.calls) == 3


@pytest.mark.parametrize("given", ["client_cert", "client_key"])
def test_one_client_file_needs_the_other(given: str) -> None:
    """The one that is missing is named, and the one that is there."""
    missing = {"client_cert": "--client-key", "client_key": "--client-cert"}[given]

    with pytest.raises(ConfigurationError) as refused:
        _with({given: "/etc/mine.pem"})

    assert refused.value.setting == missing
    assert "/etc/mine.pem" in refused.value.why


@pytest.mark.parametrize(
    ("broken", "setting", "problem"),
    [
        ("no-ca", "--ca-file", "cannot be read (no such file or directory)"),
        ("odd-ca", "--ca-file", "holds no certificate in PEM form"),
        ("empty-ca", "--ca-file", "holds no certificate in PEM form"),
        ("directory-ca", "--ca-file", "cannot be read (is a directory)"),
        ("no-cert", "--client-cert", "cannot be read (no such file or directory)"),
        ("odd-cert", "--client-cert", "holds no certificate in PEM form"),
        ("no-key", "--client-key", "cannot be read (no such file or directory)"),
        ("odd-key", "--client-key", "holds no private key in PEM form"),
        ("other-key", "--client-key", "is not the key of"),
        ("locked-key", "--client-key", "is encrypted"),
    ],
)
def test_a_file_that_cannot_be_is_named_with_its_problem(
    authority: Authority, tmp_path: Path, broken: str, setting: str, problem: str
) -> None:
    """Before anything is sent; a passphrase is never asked for."""
    mine = authority.certify("mine")
    odd = tmp_path / "odd"
    odd.write_text("hello\n", encoding="utf-8")
    empty = tmp_path / "empty"
    empty.touch()
    files = {
        "ca": authority.ca_file,
        "cert": mine.certificate,
        "key": mine.key,
    }
    how, _, which = broken.partition("-")
    files[which] = {
        "no": tmp_path / "none",
        "odd": odd,
        "empty": empty,
        "directory": tmp_path,
        "other": authority.certify("other").key,
        "locked": authority.encrypted_key(mine),
    }[how]

    with pytest.raises(ConfigurationError) as refused:
        Transport(
            ca_file=str(files["ca"]),
            client_cert=str(files["cert"]),
            client_key=str(files["key"]),
        ).context()

    assert refused.value.setting == setting
    assert problem in refused.value.why
    assert str(files[which]) in refused.value.why
