"""The provider `aws` before moto's STS and IAM, which are made stricter."""

import functools
import json
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
from aiohttp import web
from moto.iam.models import IAMBackend, Role, iam_backends
from moto.server import ThreadedMotoServer
from typing_extensions import override

from core.domain.request import Ask
from core.providers.aws import AwsProvider, from_settings
from core.providers.aws_revocations import POLICY_NAME
from tests.support.builders import FrozenClock, an_ask
from tests.support.clouds.aws_gate import Call, Gate, Refusal
from tests.support.clouds.cloud import Cloud, Trouble

OWN_ACCOUNT: Final = "123456789012"
"""Whom moto takes keys for that it did not make."""
ACCOUNT: Final = "222222222222"
ROLE: Final = "infra-admin"
EXTERNAL_ID: Final = "jitsudo-42"

_TAG: Final = re.compile(r"[\w\s.:/=+@-]{0,256}")
_SESSION: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_POLICIES_LIMIT: Final = 10_240


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A session that STS gave out, and for whom."""

    role_arn: str
    userid: str
    requester: str
    until: datetime


class AwsCloud(Cloud):
    """Two accounts: jitsudo's own, and the one where its roles are."""

    def __init__(self, gate: Gate, **settings: object) -> None:
        """Build the provider before an open gate.

        Args:
            settings: what differs from the usual ones; None takes one out.
        """
        self.clock = FrozenClock()
        self.gate = gate
        self.sessions: dict[str, Session] = {}
        usual: dict[str, object] = {
            "role_arn_template": "arn:aws:iam::{scope}:role/jitsudo/{role}",
            "revoker_role_arn_template": "arn:aws:iam::{scope}:role/jitsudo-revoker",
            "external_id": EXTERNAL_ID,
            "region": "eu-central-1",
            "endpoint_url": gate.url,
        }
        given = {**usual, **settings}
        kept = {key: value for key, value in given.items() if value is not None}
        self._provider = from_settings("aws", kept, self.clock)

    @property
    @override
    def provider(self) -> AwsProvider:
        """Return the provider."""
        return self._provider

    @property
    @override
    def ask(self) -> Ask:
        """Return the role that there is in the other account."""
        return an_ask(provider="aws", role=ROLE, resource_scope=ACCOUNT)

    @override
    async def grants_of(self, requester: str) -> int:
        """Return how many sessions of a person run and are not denied all."""
        return sum(
            session.requester == requester
            and session.until > self.clock.now()
            and not self.is_denied(session)
            for session in self.sessions.values()
        )

    @override
    def trouble(self, kind: Trouble, *, calls: int = 1) -> None:
        """Make the next calls end so."""
        self.gate.trouble(kind, calls=calls)

    def is_denied(self, session: Session) -> bool:
        """Tell whether the policies of a session's role deny it everything."""
        role = role_by_arn(session.role_arn)
        if role is None:
            return True
        return any(
            statement["Effect"] == "Deny"
            and (statement["Action"], statement["Resource"]) == ("*", "*")
            and session.userid in statement["Condition"]["StringEquals"]["aws:userid"]
            for text in role.policies.values()
            for statement in json.loads(text)["Statement"]
        )

    def policy(self, role: str = ROLE) -> dict[str, Any] | None:
        """Return the document of ended sessions on a role, if it has one."""
        text = iam_of(ACCOUNT).get_role(role).policies.get(POLICY_NAME)
        return None if text is None else json.loads(text)

    async def answer(self, call: Call) -> web.Response:
        """Refuse what AWS would refuse and moto takes; pass the rest on."""
        if call.operation == "AssumeRole":
            _check_assuming(call)
        if call.operation == "PutRolePolicy":
            _check_size(call)
        answer = await _pass_on(call)
        if call.operation == "AssumeRole" and answer.status == web.HTTPOk.status_code:
            self._note(call)
        return answer

    def _note(self, call: Call) -> None:
        tags = _tags(call)
        role = role_by_arn(call.parameters["RoleArn"])
        if role is None or "UserIdentity" not in tags:
            return
        name = call.parameters["RoleSessionName"]
        self.sessions[name] = Session(
            role_arn=role.arn,
            userid=f"{role.id}:{name}",
            requester=tags["UserIdentity"],
            until=self.clock.now()
            + timedelta(seconds=int(call.parameters["DurationSeconds"])),
        )


@asynccontextmanager
async def aws_cloud(**settings: object) -> AsyncIterator[AwsCloud]:
    """Yield the provider `aws`, and an AWS with one role in another account."""
    opened: list[AwsCloud] = []

    async def answering(call: Call) -> web.Response:
        return await opened[0].answer(call)

    async with aiohttp.ClientSession() as http, http.post(f"{_moto()}/moto-api/reset"):
        pass
    add_role(ROLE, path="/jitsudo/")
    add_role("jitsudo-revoker")
    async with Gate(answering).serving() as gate:
        opened.append(AwsCloud(gate, **settings))
        yield opened[0]


def iam_of(account: str) -> IAMBackend:
    """Return the roles of an account."""
    return iam_backends[account]["aws"]


def add_role(
    name: str, *, account: str = ACCOUNT, path: str = "/", hours: int = 12
) -> Role:
    """Create a role whose sessions last at most some hours."""
    return iam_of(account).create_role(
        role_name=name,
        assume_role_policy_document="{}",
        path=path,
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration=str(hours * 3600),
    )


def role_by_arn(arn: str) -> Role | None:
    """Return the role that has exactly this ARN, if there is one."""
    roles = iam_of(arn.split(":")[4]).roles.values()
    return next((role for role in roles if role.arn == arn), None)


@functools.cache
def _moto() -> str:
    """Return the address of a moto server that lives as long as the process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


async def _pass_on(call: Call) -> web.Response:
    kept = ("Authorization", "Content-Type", "X-Amz-Date", "X-Amz-Security-Token")
    headers = {
        name: call.request.headers[name]
        for name in kept
        if name in call.request.headers
    }
    async with (
        aiohttp.ClientSession() as http,
        http.post(_moto(), data=call.body, headers=headers) as answer,
    ):
        return web.Response(
            body=await answer.read(),
            status=answer.status,
            content_type=answer.content_type,
        )


def _tags(call: Call) -> dict[str, str]:
    given = call.parameters
    numbers = range(1, 51)
    return {
        given[f"Tags.member.{n}.Key"]: given.get(f"Tags.member.{n}.Value", "")
        for n in numbers
        if f"Tags.member.{n}.Key" in given
    }


def _check_assuming(call: Call) -> None:
    """Refuse as STS does. Source: STS API reference, AssumeRole."""
    given = call.parameters
    role = role_by_arn(given["RoleArn"])
    if role is None or given.get("ExternalId") not in {EXTERNAL_ID, None}:
        message = (
            f"User: arn:aws:iam::{OWN_ACCOUNT}:user/jitsudo is not authorized to "
            f"perform: sts:AssumeRole on resource: {given['RoleArn']}"
        )
        raise Refusal(code="AccessDenied", message=message, status=403)
    seconds = int(given["DurationSeconds"])
    if seconds > int(role.max_session_duration or 0):
        message = (
            "The requested DurationSeconds exceeds the MaxSessionDuration set for "
            "this role."
        )
        raise Refusal(code="ValidationError", message=message)
    if seconds < 900 or not _SESSION.fullmatch(given["RoleSessionName"]):
        raise Refusal(code="ValidationError", message="1 validation error detected")
    for key, value in _tags(call).items():
        if not _TAG.fullmatch(value):
            message = f"Value at 'tags.{key}' failed to satisfy constraint"
            raise Refusal(code="ValidationError", message=message)


def _check_size(call: Call) -> None:
    """Refuse too much inline policy. Source: IAM user guide, quotas."""
    key = call.request.headers["Authorization"].partition("Credential=")[2][:4]
    account = ACCOUNT if key == "ASIA" else OWN_ACCOUNT
    name = call.parameters["PolicyName"]
    policies = dict(iam_of(account).get_role(call.parameters["RoleName"]).policies)
    policies[name] = call.parameters["PolicyDocument"]
    if (
        sum(len(re.sub(r"\s", "", text)) for text in policies.values())
        > _POLICIES_LIMIT
    ):
        message = "Maximum policy size of 10240 bytes exceeded for role"
        raise Refusal(code="LimitExceeded", message=message, status=409)
