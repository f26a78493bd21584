"""Made-up calls of every operation: no fault of ours, nothing undocumented."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import sampled_from
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, CheckFunction, load_all_checks
from schemathesis.schemas import BaseSchema

from bot.api.openapi import document_of
from bot.api.operations import OPERATIONS, Operation
from bot.api.operations.kinds import BASE
from bot.api.operations.sign_in import OF_SIGN_IN
from tests.support.servers import ApiServer
from tests.support.serving import ServedJitsudo

EXAMPLES: Final = 10
"""Of each operation and mode; the whole takes well under a minute."""

CALLS: Final = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

ONE: Final = f"{BASE}/requests/{{id}}"

load_all_checks()

CHECKED: Final = cast(
    "list[CheckFunction]",
    CHECKS.get_by_names(
        [
            "not_a_server_error",
            "status_code_conformance",
            "content_type_conformance",
            "response_headers_conformance",
            "response_schema_conformance",
        ]
    ),
)
"""Not whether made-up data is taken: a provider that does not exist is valid JSON."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """A real server, and who calls it."""

    url: str
    schema: BaseSchema
    tokens: tuple[str, ...]
    request_id: str


@pytest.fixture(scope="module")
def site(served: ServedJitsudo) -> Site:
    """Return a server with a request, and tokens of alice and of an admin."""
    scopes = ["--scope", "read", "--scope", "request", "--scope", "approve"]
    admin = served.direct(
        "token", "issue", "--email", "erin@example.com", *scopes,
        "--scope", "admin", "-q",
    )  # fmt: skip
    assert admin.returncode == 0, admin.stderr
    return Site(
        url=served.url,
        schema=schemathesis.openapi.from_dict(document_of(OPERATIONS)),
        tokens=(served.token("alice"), admin.stdout.strip()),
        request_id=served.a_request(),
    )


@pytest.mark.parametrize(
    ("route", "operation"),
    [pytest.param(r, o, id=o.id) for r, o in OPERATIONS.items()],
)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_made_up_calls_get_documented_answers(
    site: Site, route: tuple[str, str], operation: Operation, mode: GenerationMode
) -> None:
    """For a requester, an admin and nobody; with real ids and made-up ones."""
    method, path = route
    has_input = operation.body or operation.query or operation.headers or "{" in path
    if mode is GenerationMode.NEGATIVE and not has_input:
        return  # whatever is sent to it is ignored
    ids = [None, site.request_id] if path.startswith(ONE) else [None]
    for real in ids:
        cases = site.schema[path][method].as_strategy(
            mode, path_parameters=None if real is None else {"id": real}
        )

        @CALLS
        @given(case=cases, token=sampled_from([*site.tokens, None]))
        def call(case: Case[Any], token: str | None) -> None:
            if token is not None:
                sent = {"Authorization": f"Bearer {token}"}
                case.call_and_validate(base_url=site.url, headers=sent, checks=CHECKED)
                return
            answer = case.call_and_validate(base_url=site.url, checks=CHECKED)
            assert operation.is_open or answer.status_code in (400, 401)

        call()


@pytest.mark.parametrize(
    ("route", "operation"),
    [pytest.param(r, o, id=o.id) for r, o in OF_SIGN_IN.items()],
)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
async def test_made_up_sign_ins_get_documented_answers(
    api: ApiServer, route: tuple[str, str], operation: Operation, mode: GenerationMode
) -> None:
    """Where there is Slack to sign in through, which the server above has not."""
    method, path = route
    if mode is GenerationMode.NEGATIVE and not operation.body:
        return  # whatever is sent to it is ignored
    schema = schemathesis.openapi.from_dict(document_of(OPERATIONS))
    answered: list[int] = []

    @CALLS
    @given(case=schema[path][method].as_strategy(mode))
    def call(case: Case[Any]) -> None:
        answer = case.call_and_validate(base_url=api.url, checks=CHECKED)
        answered.append(answer.status_code)

    await asyncio.to_thread(call)

    assert answered
    assert 404 not in answered
