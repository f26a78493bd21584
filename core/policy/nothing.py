"""The engine of an installation without a policy: it says so, and allows nothing."""

from typing import Final

from typing_extensions import override

from core.clock import Deadline
from core.domain.policy import PolicyAnswer, PolicyHealth, PolicyQuestion
from core.errors import PolicyUnavailable
from core.ports import PolicyEngine

NO_POLICY: Final = (
    "no policy is loaded: set JITSUDO_OPA_URL or JITSUDO_POLICY_DIR; "
    "`jitsudo policy init DIR` writes one to start from"
)


class NoPolicy(PolicyEngine):
    """Refuses every question, and says that policy did not say no."""

    @override
    async def ask(
        self, question: PolicyQuestion, deadline: Deadline | None = None
    ) -> PolicyAnswer:
        """Refuse.

        Raises:
            PolicyUnavailable: always.
        """
        raise PolicyUnavailable(why=NO_POLICY)

    @override
    async def health(self) -> PolicyHealth:
        """Tell that there is no policy, and what to set."""
        return PolicyHealth(is_ready=False, revision="", detail=NO_POLICY)

    @override
    async def reload(self) -> PolicyHealth:
        """Refuse: there is nowhere to look.

        Raises:
            PolicyUnavailable: always.
        """
        raise PolicyUnavailable(why=NO_POLICY)

    @override
    async def close(self) -> None:
        """End nothing; there is nothing."""
