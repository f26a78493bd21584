"""The policy in the README works beside the starter bundle, in both engines."""

import shutil
from dataclasses import replace
from pathlib import Path

from core.domain.policy import PolicyQuestion
from core.ports import PolicyEngine
from core.vocabulary import PolicyAction
from tests.support.builders import ALICE, a_question
from tests.support.documents import document
from tests.support.engines import STARTER, Engines


async def test_documented_rule_refuses_prod_without_an_incident(
    engines: Engines, tmp_path: Path
) -> None:
    """Whoever pastes the README's example gets what the README says."""
    engine = await _with_documented_rule(engines, tmp_path)
    question = replace(_question(), resource_scope="prod-eu", reason="let me in")

    answer = await engine.ask(question)

    assert not answer.is_allowed
    assert answer.refusal == "prod needs an incident in the reason, such as INC-4421"


async def test_documented_rule_leaves_the_rest_to_the_starter_policy(
    engines: Engines, tmp_path: Path
) -> None:
    """With an incident, and outside prod, the starter policy's yes stands."""
    engine = await _with_documented_rule(engines, tmp_path)
    question = _question()

    incident = await engine.ask(
        replace(question, resource_scope="prod-eu", reason="INC-4421: disk is full")
    )
    elsewhere = await engine.ask(
        replace(question, resource_scope="staging", reason="let me in")
    )

    assert (incident.is_allowed, elsewhere.is_allowed) == (True, True)


def _question() -> PolicyQuestion:
    """Return the question whether alice of `sre` may ask for infra-admin."""
    return a_question(action=PolicyAction.SUBMIT, user=ALICE, user_groups=("sre",))


async def _with_documented_rule(engines: Engines, directory: Path) -> PolicyEngine:
    ((_, rule),) = document("README.md").blocks("rego")
    for path in STARTER.glob("*.rego"):
        shutil.copy(path, directory)
    (directory / "incident.rego").write_text(rule, encoding="utf-8")
    return await engines.over(directory)
