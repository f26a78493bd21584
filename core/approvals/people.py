"""The part of `Approvals` that is about people, and about who could decide."""

from typing import Protocol

from core.approvals.values import PolicyReload, PrincipalFacts
from core.domain.approvers import ApproverReport, Preview
from core.domain.request import Ask


class PeopleApprovals(Protocol):
    """Looks people up, trusts them, and looks after those who could approve."""

    async def principal(self, email: str) -> PrincipalFacts:
        """Return what is known of a principal; of oneself, anybody may ask.

        Raises:
            Invalid: the e-mail cannot be.
            NotAllowed: the actor asks for somebody else, and is no auditor.
            NotFound: nothing is known of them.
        """
        ...

    async def trust_principal(
        self, email: str, *, tier: int, notes: str
    ) -> PrincipalFacts:
        """Set somebody's trust tier, 0 to 4.

        Raises:
            Invalid: the e-mail, tier or notes cannot be, or it is the actor's own.
            NotAllowed: the actor is no admin.
            NotFound: nothing is known of them, and nothing would change.
        """
        ...

    async def reload_policies(self) -> PolicyReload:
        """Look for a newer policy now; audited.

        Raises:
            NotAllowed: the actor is no admin.
            PolicyUnavailable: what is there cannot be loaded.
        """
        ...

    async def check_approvers(self) -> ApproverReport:
        """Find what nobody could approve any more, among what is asked for.

        Raises:
            NotAllowed: the actor is no auditor and no admin.
            PolicyUnavailable: policy does not say who may approve.
        """
        ...

    async def preview(self, requester: str, ask: Ask) -> Preview:
        """Tell who would be asked if somebody asked for this; nothing is stored.

        Raises:
            Invalid: naming the field.
            NotAllowed: the actor is no auditor and no admin.
            PolicyUnavailable: no clear answer.
        """
        ...
