"""Hands a requester the credentials of their own active request."""

from core.clock import Deadline
from core.domain.grant import Credentials, Grant
from core.domain.principal import Actor
from core.domain.request import ElevationRequest
from core.errors import NotAllowed, NotFound, WrongState
from core.ports import Clock, Sealer, Store, UnitOfWork
from core.services.people import People
from core.services.reading import lock_request, read_record
from core.services.telling import fact_about
from core.services.transactions import in_transaction
from core.services.visibility import Visibility
from core.vocabulary import AuditAction, RequestId


class ReadCredentials:
    """Opens sealed credentials for the one person they are for."""

    def __init__(
        self,
        *,
        store: Store,
        people: People,
        visibility: Visibility,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        """Keep what reading needs."""
        self._store = store
        self._people = people
        self._visibility = visibility
        self._sealer = sealer
        self._clock = clock

    async def read(
        self, actor: Actor, request_id: RequestId, deadline: Deadline | None
    ) -> Credentials:
        """Return the credentials; the reading is audited before they are.

        Raises:
            NotFound: there is none, or it is not this actor's business.
            NotAllowed: it is somebody else's, or the actor is disabled.
            WrongState: it is not ACTIVE, ending, or at its end.
            ConfigurationError: no encryption key opens them.
        """
        await self._people.check_enabled(actor.email, deadline)
        await self._check_own(actor, request_id, deadline)

        async def work(uow: UnitOfWork) -> Credentials:
            if (await uow.principals.get(actor.email)).is_disabled:
                raise NotAllowed(reason=f"{actor.email} is disabled; ask an admin")
            request = await lock_request(uow, request_id)
            grant = await uow.grants.get(request_id)
            sealed = self._sealed(request, grant)
            secrets = self._sealer.open(request_id, sealed[1])
            now = self._clock.now()
            await uow.audit.append(
                fact_about(request, AuditAction.CREDENTIALS_READ, actor=actor, now=now)
            )
            return Credentials(
                request_id=request_id,
                secrets=secrets,
                issued_at=sealed[0].issued_at,
                expires_at=sealed[0].expires_at,
            )

        return await in_transaction(self._store, work, deadline=deadline)

    async def _check_own(
        self, actor: Actor, request_id: RequestId, deadline: Deadline | None
    ) -> None:
        record = await read_record(self._store, request_id, deadline)
        if record.request.requester == actor.email:
            return
        person = await self._people.principal(actor.email, deadline)
        if await self._visibility.may_see(
            person, record, origin=actor.origin, deadline=deadline
        ):
            raise NotAllowed(
                reason=f"only {record.request.requester} can read these credentials"
            )
        raise NotFound(what="request", name=request_id)

    def _sealed(
        self, request: ElevationRequest, grant: Grant | None
    ) -> tuple[Grant, bytes]:
        """Return the grant and its ciphertext while it is in force."""
        is_in_force = (
            request.is_in_force
            and grant is not None
            and self._clock.now() < grant.expires_at
        )
        if not is_in_force or grant is None or grant.sealed_credentials is None:
            raise WrongState(
                request_id=request.id,
                expected="ACTIVE with credentials in force",
                actual=f"{request.state.value} ({request.grant_status.value})",
                by=request.ended_by or request.decided_by,
                at=request.ended_at or request.decided_at,
            )
        return grant, grant.sealed_credentials
