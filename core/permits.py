"""What an actor may do by their token's scopes and the admin groups."""

from core.domain.principal import Actor, Principal
from core.errors import NotAllowed, NotAuthenticated
from core.use_cases import Binding, Services
from core.vocabulary import AuditAction, RequestId, TokenScope, Verdict


class Permits:
    """Checks the scopes of a token and the groups of its person, by the server."""

    def __init__(self, *, services: Services, binding: Binding) -> None:
        """Keep who acts, and where to look them up."""
        self._services = services
        self._binding = binding

    def person(self) -> Actor:
        """Return the actor, who is a person and no operator.

        Raises:
            NotAuthenticated: an operator tried what only people can.
        """
        if self._binding.is_operator:
            raise NotAuthenticated(
                why="this needs a person: pass --token, or issue one with "
                "`jitsudo token issue --email you@example.com`"
            )
        return self._binding.actor

    def need(self, scope: TokenScope) -> None:
        """Check that the token may do this.

        Raises:
            NotAllowed: it lacks the scope.
        """
        if scope not in self._binding.scopes:
            raise NotAllowed(
                reason=f"this token lacks the scope {scope.value!r}; use another one"
            )

    def need_any(self, *scopes: TokenScope) -> None:
        """Check that the token has one of some scopes.

        Raises:
            NotAllowed: it lacks all of them.
        """
        if self._binding.scopes.isdisjoint(scopes):
            self.need(scopes[0])

    async def need_admin(
        self, what: str, *, giving: frozenset[TokenScope] = frozenset()
    ) -> None:
        """Check that the actor is an admin, with a token for that; else audit it.

        Args:
            what: the act, as in `only admins can …`.
            giving: what a new token is to have; none gives more than it has.

        Raises:
            NotAllowed: they are none, or the token lacks a scope.
        """
        try:
            for scope in sorted({TokenScope.ADMIN, *giving}):
                self.need(scope)
            await self._need_member(what)
        except NotAllowed as refusal:
            await self._audit(refusal, what)
            raise

    async def _need_member(self, what: str) -> None:
        if self._binding.is_operator:
            return
        person = await self._principal()
        if not person.is_admin:
            reason = f"only members of jitsudo-admins can {what}; ask one"
            raise NotAllowed(reason=person.advised(reason))

    async def need_to_decide(self, request_id: RequestId, verdict: Verdict) -> None:
        """Check that the token may decide; whoever tries without is audited.

        Raises:
            NotAllowed: it lacks the scope.
        """
        try:
            self.need(TokenScope.APPROVE)
        except NotAllowed as refusal:
            await self._services.refusals.record(
                self._binding.actor,
                request_id=request_id,
                verdict=verdict,
                code=refusal.code,
                why=str(refusal),
                details={"scopes": sorted(s.value for s in self._binding.scopes)},
                deadline=self._binding.limit(),
            )
            raise

    async def is_admin(self) -> bool:
        """Tell whether the actor is an admin, or holds the database's address."""
        if self._binding.is_operator:
            return True
        return (await self._principal()).is_admin

    async def _principal(self) -> Principal:
        return await self._services.people.principal(
            self._binding.actor.email, self._binding.limit()
        )

    async def need_auditor(self, what: str) -> None:
        """Check that the actor may read everything; who may not is audited.

        Raises:
            NotAllowed: they are no auditor and no admin, or the token may not read.
        """
        self.need(TokenScope.READ)
        if self._binding.is_operator:
            return
        person = await self._principal()
        if not person.is_auditor:
            reason = f"only members of jitsudo-auditors and jitsudo-admins can {what}"
            refusal = NotAllowed(reason=person.advised(reason))
            await self._audit(refusal, what)
            raise refusal

    async def _audit(self, refusal: NotAllowed, what: str) -> None:
        await self._services.refusals.record(
            self._binding.actor,
            request_id=None,
            verdict=None,
            code=refusal.code,
            why=str(refusal),
            details={},
            action=AuditAction.ADMIN_REFUSED,
            about=what,
            deadline=self._binding.limit(),
        )
