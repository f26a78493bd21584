"""Asks policy made-up questions, for those who write policy."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from core.clock import Deadline
from core.domain.policy import PolicyAnswer, PolicyQuestion
from core.ports import PolicyEngine
from core.vocabulary import PolicyPackage

ReadQuestion: TypeAlias = Callable[
    [PolicyPackage, Mapping[str, object]], PolicyQuestion
]
"""Reads an `input` document like a real question's; raises `Invalid`."""


class Evaluate:
    """Answers what policy would say; decides and records nothing."""

    def __init__(self, *, policy: PolicyEngine, read_question: ReadQuestion) -> None:
        """Keep whom to ask, and how a document is read."""
        self._policy = policy
        self._read_question = read_question

    async def evaluate(
        self,
        package: PolicyPackage,
        document: Mapping[str, object],
        deadline: Deadline | None,
    ) -> PolicyAnswer:
        """Return policy's answer to `document`.

        Raises:
            Invalid: the document is not one that a question could make.
            PolicyUnavailable: no clear answer.
        """
        return await self._policy.ask(self._read_question(package, document), deadline)
