"""A real OPA server over its REST API: pooled, timed, and believed only when clear.

Source:
    https://www.openpolicyagent.org/docs/rest-api (Data API, Health API).
"""

import asyncio
import errno
import json
import os
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
from typing_extensions import override

from core.clock import Deadline
from core.domain.policy import PolicyAnswer, PolicyHealth, PolicyQuestion
from core.errors import ConfigurationError, JitsudoError, PolicyUnavailable
from core.policy.answers import no_policy, parse_answer, to_label
from core.policy.documents import sample, to_document
from core.ports import PolicyEngine
from core.vocabulary import PolicyPackage

BUDGET_SECONDS: Final = 1.0
"""The longest that one question may take, retry included."""

RETRY_AFTER_SECONDS: Final = 0.05
"""The pause before the one retry: OPA restarting is back after about that."""

MOST_BYTES: Final = 262_144
"""The longest answer that is read; a policy's answer has about a kilobyte."""

POOL_SIZE: Final = 32

_HTTP_OK: Final = 200


class OpaEngine(PolicyEngine):
    """Asks an OPA server; whatever is not a clear answer is none."""

    def __init__(self, *, session: aiohttp.ClientSession, url: str) -> None:
        """Use `open`, which checks the URL.

        Args:
            url: the server's root, without a slash at the end.
        """
        self._session = session
        self._url = url
        self._revision = ""
        self._has_answered = False

    @classmethod
    async def open(cls, url: str) -> Self:
        """Return an engine; OPA need not be up yet.

        Raises:
            ConfigurationError: the URL is none.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError(
                setting="JITSUDO_OPA_URL",
                why="expected an address such as http://127.0.0.1:8181",
            )
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=POOL_SIZE),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )
        return cls(session=session, url=url.rstrip("/"))

    @override
    async def ask(
        self, question: PolicyQuestion, deadline: Deadline | None = None
    ) -> PolicyAnswer:
        """Answer one question within a second.

        Raises:
            PolicyUnavailable: OPA is down, slow, or its answer is not clear.
            DeadlineExceeded: there was no time left to ask.
        """
        left = BUDGET_SECONDS if deadline is None else deadline.remaining()
        path = question.package.value.replace(".", "/")
        body = json.dumps({"input": to_document(question)}).encode()
        try:
            async with asyncio.timeout(min(BUDGET_SECONDS, left)):
                status, reply = await self._post(f"/v1/data/{path}", body)
        except TimeoutError as error:
            raise PolicyUnavailable(why="OPA did not answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise PolicyUnavailable(why=f"OPA cannot be reached: {_what(error)}") from (
                error
            )
        answer = _to_answer(question.package, status, reply)
        self._revision = answer.revision
        return answer

    @override
    async def health(self) -> PolicyHealth:
        """Tell whether OPA has its bundles and both packages."""
        try:
            async with (
                asyncio.timeout(BUDGET_SECONDS),
                self._session.get(
                    f"{self._url}/health?bundles", allow_redirects=False
                ) as reply,
            ):
                status = reply.status
        except TimeoutError:
            return self._unready("OPA did not answer in time")
        except (aiohttp.ClientError, OSError) as error:
            return self._unready(f"OPA cannot be reached: {_what(error)}")
        if status != _HTTP_OK:
            return self._unready(f"OPA is up but not ready (status {status})")
        return await self._packages()

    @override
    async def reload(self) -> PolicyHealth:
        """Tell what OPA has loaded: it fetches its bundles by itself.

        Raises:
            PolicyUnavailable: it does not answer, or has no policy of ours.
        """
        health = await self.health()
        if not health.is_ready:
            raise PolicyUnavailable(why=health.detail)
        return health

    @override
    async def close(self) -> None:
        """Close the pooled connections."""
        await self._session.close()

    async def _packages(self) -> PolicyHealth:
        """Ask each package once, until both have answered: OPA logs each question."""
        if not self._has_answered:
            try:
                for package in PolicyPackage:
                    await self.ask(sample(package))
            except JitsudoError as error:
                return self._unready(str(error))
            self._has_answered = True
        revision = self._revision
        detail = f"OPA answers, revision {revision}" if revision else "OPA answers"
        return PolicyHealth(is_ready=True, revision=revision, detail=detail)

    def _unready(self, why: str) -> PolicyHealth:
        self._has_answered = False
        return PolicyHealth(is_ready=False, revision=self._revision, detail=why)

    async def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Post, and once more if nobody listened: then nothing was asked yet."""
        try:
            return await self._post_once(path, body)
        except aiohttp.ClientConnectorError as error:
            if error.os_error.errno != errno.ECONNREFUSED:
                raise
        await asyncio.sleep(RETRY_AFTER_SECONDS)
        return await self._post_once(path, body)

    async def _post_once(self, path: str, body: bytes) -> tuple[int, bytes]:
        async with self._session.post(
            f"{self._url}{path}",
            params={"provenance": "true"},
            data=body,
            headers={"Content-Type": "application/json"},
            allow_redirects=False,
        ) as reply:
            received = bytearray()
            async for chunk in reply.content.iter_any():
                received += chunk
                if len(received) > MOST_BYTES:
                    raise PolicyUnavailable(why="OPA's answer is too long")
            return reply.status, bytes(received)


def _to_answer(package: PolicyPackage, status: int, reply: bytes) -> PolicyAnswer:
    """Return the answer in OPA's reply.

    Raises:
        PolicyUnavailable: the reply is not one, or a rule is of the wrong type.
    """
    if status != _HTTP_OK:
        raise PolicyUnavailable(why=f"OPA answered with status {status}")
    try:
        document = json.loads(reply, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise PolicyUnavailable(why="OPA's answer is not JSON") from error
    if not isinstance(document, dict):
        raise PolicyUnavailable(why="OPA's answer is not an object")
    if "result" not in document:  # so OPA says that it has no such package
        raise no_policy(package)
    rules, decision = document["result"], document.get("decision_id", "")
    if not isinstance(rules, dict):
        raise PolicyUnavailable(why="OPA's answer is not a package of rules")
    return parse_answer(
        package,
        rules,
        revision=_revision(document.get("provenance")),
        decision_id=to_label(decision) if isinstance(decision, str) else "",
    )


def _revision(provenance: object) -> str:
    """Return the bundle's revision; of several, each with its bundle's name."""
    match provenance:
        case {"bundles": dict(bundles)}:
            revisions = {
                str(name): str(bundle.get("revision", ""))
                for name, bundle in bundles.items()
                if isinstance(bundle, dict)
            }
            named = [f"{name}={revisions[name]}" for name in sorted(revisions)]
            single = next(iter(revisions.values()), "")
            return to_label(",".join(named) if len(named) > 1 else single)
        case {"revision": str(revision)}:
            return to_label(revision)
        case _:
            return ""


def _without_repeats(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    """Refuse an object that has two answers under one name."""
    document = dict(pairs)
    if len(document) != len(pairs):
        message = "a name is repeated"
        raise ValueError(message)
    return document


def _what(error: Exception) -> str:
    """Return what happened, without the address: it may hold a password."""
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        return os.strerror(number) if number else type(error.os_error).__name__
    return type(error).__name__
