"""A policy engine that answers what a test tells it to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

from typing_extensions import override

from core.clock import Deadline
from core.domain.policy import PolicyAnswer, PolicyHealth, PolicyQuestion
from core.errors import PolicyUnavailable
from core.ports import PolicyEngine
from core.vocabulary import PolicyAction

Rule: TypeAlias = Callable[[PolicyQuestion], PolicyAnswer]

YES = PolicyAnswer(
    allow=True,
    reason="scripted",
    approver_groups=("sre-lead",),
    revision="scripted-1",
    decision_id="decision-1",
)


def always(answer: PolicyAnswer) -> Rule:
    """Return the rule that gives one answer to everything."""
    return lambda _: answer


def refusing(*actions: PolicyAction, reason: str = "scripted no") -> Rule:
    """Return the rule that refuses some actions and allows the others."""

    def rule(question: PolicyQuestion) -> PolicyAnswer:
        if question.action in actions:
            return replace(YES, allow=False, reason=reason)
        return YES

    return rule


class ScriptedPolicy(PolicyEngine):
    """Keeps what it was asked; answers by `rule`, or fails while `failure` is set."""

    def __init__(self, rule: Rule | None = None) -> None:
        """Allow everything unless told otherwise."""
        self.rule = rule or always(YES)
        self.failure: str | None = None
        self.asked: list[PolicyQuestion] = []
        self.before: Callable[[PolicyQuestion], Awaitable[None]] | None = None

    def meet(self, parties: int) -> None:
        """Have the next questions about a verdict wait for each other, once."""
        barrier = asyncio.Barrier(parties)

        async def wait(question: PolicyQuestion) -> None:
            if question.action is not PolicyAction.SUBMIT:
                await barrier.wait()
                self.before = None

        self.before = wait

    @override
    async def ask(
        self, question: PolicyQuestion, deadline: Deadline | None = None
    ) -> PolicyAnswer:
        """Answer by the rule, after what has to happen before."""
        self.asked.append(question)
        if self.before is not None:
            await self.before(question)
        if self.failure is not None:
            raise PolicyUnavailable(why=self.failure)
        return self.rule(question)

    @override
    async def health(self) -> PolicyHealth:
        """Tell whether it answers."""
        return PolicyHealth(
            is_ready=self.failure is None,
            revision="scripted-1",
            detail=self.failure or "scripted",
        )

    @override
    async def reload(self) -> PolicyHealth:
        """Tell whether it answers; fails while `failure` is set."""
        if self.failure is not None:
            raise PolicyUnavailable(why=self.failure)
        return await self.health()

    @override
    async def close(self) -> None:
        """Nothing is open."""

    def asked_for(self, action: PolicyAction) -> list[PolicyQuestion]:
        """Return the questions of one action, oldest first."""
        return [question for question in self.asked if question.action is action]
