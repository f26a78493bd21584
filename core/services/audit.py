"""Reads and verifies the audit log, for auditors and admins."""

from dataclasses import replace

from core.approvals import AuditPage
from core.clock import Deadline
from core.domain.audit import ChainReport, ChainVerifier
from core.errors import AuditChainBroken
from core.ports import AuditFilter, Store
from core.services.pages import check_limit


class ReadAudit:
    """Shows the chain, and proves that it fits."""

    def __init__(self, *, store: Store) -> None:
        """Keep where to read."""
        self._store = store

    async def list(self, wanted: AuditFilter, deadline: Deadline | None) -> AuditPage:
        """Return a page of events, newest first.

        Raises:
            Invalid: the limit cannot be.
        """
        check_limit(wanted.limit)
        async with self._store.snapshot(deadline) as uow:
            found = await uow.audit.find(replace(wanted, limit=wanted.limit + 1))
        page = found[: wanted.limit]
        return AuditPage(
            events=tuple(page),
            next_before=page[-1].seq if len(found) > wanted.limit else None,
        )

    async def verify(self, checkpoint: tuple[int, str] | None) -> ChainReport:
        """Recompute the whole chain as it was at one moment.

        Args:
            checkpoint: a (seq, hash) kept elsewhere; catches a chain that was
                cut off or written anew.

        Raises:
            AuditChainBroken: at the first event that does not fit.
        """
        verifier = ChainVerifier()
        async with self._store.snapshot() as uow:
            head_seq, head_hash = await uow.audit.head()
            async for batch in uow.audit.stream():
                for event in batch:
                    verifier.check(event)
                    if (
                        checkpoint is not None
                        and checkpoint[0] == event.seq
                        and checkpoint[1] != event.hash
                    ):
                        raise AuditChainBroken(
                            seq=event.seq, why="it is not the checkpoint's event"
                        )
        return verifier.finish(
            head_seq=head_seq, head_hash=head_hash, checkpoint=checkpoint
        )
