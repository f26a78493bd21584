"""Notices messages of ours that the database does not know, and stale ones."""

from dataclasses import replace

import structlog

from bot.slack import ids
from bot.slack.background import Background
from bot.slack.desk import Answer, id_or_none
from bot.slack.payloads import ButtonClick, MessageRef
from bot.slack.people import People
from bot.slack.ports import JitsudoPort
from core.domain.surface import Surface
from core.errors import Conflict, JitsudoError, WrongState
from core.ports import UnitOfWork
from core.services.telling import render
from core.services.transactions import in_transaction
from core.vocabulary import RequestId, SurfacePurpose, SurfaceState

_log = structlog.get_logger()


class Adoption:
    """Makes every message that is pressed one that is kept up to date.

    After a post whose answer was lost there may be two of them. Whichever is
    pressed becomes a surface of its own, so that both end up in the final state;
    so does a second message to a requester.
    """

    def __init__(
        self, *, jitsudo: JitsudoPort, people: People, background: Background
    ) -> None:
        """Keep what adopting needs."""
        self._jitsudo = jitsudo
        self._people = people
        self._background = background

    def noticed(self, click: ButtonClick, answer: Answer) -> None:
        """Look after the message that was pressed, later; never raises."""
        request_id = id_or_none(click.value)
        if request_id is None or click.message is None or not self._is_ours(click):
            return
        is_stale = isinstance(answer.error, WrongState | Conflict)
        purpose = _purpose_of(click.message, click.action_id)
        self._background.start(
            self._look_after(request_id, click.message, purpose, is_stale=is_stale)
        )

    def _is_ours(self, click: ButtonClick) -> bool:
        workspace = self._people.workspace
        return workspace is not None and click.bot_id == workspace.bot_id

    async def _look_after(
        self,
        request_id: RequestId,
        message: MessageRef,
        purpose: SurfacePurpose,
        *,
        is_stale: bool,
    ) -> None:
        async def work(uow: UnitOfWork) -> bool:
            known = await uow.surfaces.at(message.channel_id, message.ts)
            if known is not None:
                return is_stale and await self._refresh(uow, known)
            return await self._adopt(uow, request_id, message, purpose)

        try:
            if await in_transaction(self._jitsudo.store, work):
                self._jitsudo.signal.ring()
        except JitsudoError as error:
            _log.warning("message_not_adopted", error=error.code)

    async def _refresh(self, uow: UnitOfWork, known: Surface) -> bool:
        """Have a card drawn again that showed something else than is the case."""
        surface = await uow.surfaces.lock(known.id)
        if surface is None or surface.state is SurfaceState.SENDING:
            return False
        await uow.surfaces.save(replace(surface, rendered_version=0))
        await uow.jobs.add(render(surface))
        return True

    async def _adopt(
        self,
        uow: UnitOfWork,
        request_id: RequestId,
        message: MessageRef,
        purpose: SurfacePurpose,
    ) -> bool:
        request = await uow.requests.get(request_id)
        if request is None:
            return False
        surface = await uow.surfaces.want(
            request_id,
            purpose,
            f"{message.channel_id}:{message.ts}",
            version=request.version,
        )
        adopted = replace(
            surface,
            state=SurfaceState.POSTED,
            channel_id=message.channel_id,
            ts=message.ts,
        )
        await uow.surfaces.save(adopted)
        await uow.jobs.add(render(surface))
        _log.info("message_adopted", request_id=request_id, purpose=purpose)
        return True


def _purpose_of(message: MessageRef, action_id: str) -> SurfacePurpose:
    """Return what a message of ours is, by where it stands and what was pressed.

    Source: docs.slack.dev, conversation types: the id of a DM begins with D.
    """
    if not message.channel_id.startswith("D"):
        return SurfacePurpose.CARD
    is_warning = action_id == ids.EXTEND
    return SurfacePurpose.WARNING if is_warning else SurfacePurpose.DM
