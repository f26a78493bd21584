"""Where requests are shown, and what is known of the messages there."""

from collections.abc import Collection
from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from typing_extensions import override

from core.domain.surface import Surface
from core.ports import SurfaceStore
from core.store.dialects import larger
from core.store.link import Link, Row
from core.store.rows import names, to_moment_or_none
from core.store.schema import surfaces
from core.store.statements import Statement
from core.vocabulary import RequestId, SurfacePurpose, SurfaceState

_INSERT: Final = postgresql.insert(surfaces)
"""PostgreSQL's ON CONFLICT, which SQLite took over word for word."""

_WANT: Final = Statement(
    _INSERT.on_conflict_do_update(
        index_elements=["request_id", "purpose", "destination"],
        set_={
            "desired_version": larger(
                surfaces.c.desired_version, _INSERT.excluded.desired_version
            )
        },
    ).returning(surfaces),
    columns=names(surfaces.c, without=frozenset({"id"})),
)


@cache
def _wanting(count: int) -> Statement:
    """Return the statement that wants several surfaces of one request."""
    rows = [
        {
            "request_id": sa.bindparam("of_request", type_=surfaces.c.request_id.type),
            "purpose": sa.bindparam(f"purpose_{number}", type_=sa.Text),
            "destination": sa.bindparam(f"destination_{number}", type_=sa.Text),
            "desired_version": sa.bindparam("version", type_=sa.BigInteger),
            "rendered_version": sa.literal_column("0"),
            "state": sa.literal_column(f"'{SurfaceState.PENDING.value}'"),
            "attempts": sa.literal_column("0"),
            "error": sa.literal_column("''"),
        }
        for number in range(count)
    ]
    return Statement(
        _INSERT.values(rows)
        .on_conflict_do_update(
            index_elements=["request_id", "purpose", "destination"],
            set_={
                "desired_version": larger(
                    surfaces.c.desired_version, _INSERT.excluded.desired_version
                )
            },
        )
        .returning(surfaces)
    )


_LOCK: Final = Statement(
    sa.select(surfaces)
    .where(surfaces.c.id == sa.bindparam("surface_id"))
    .with_for_update(key_share=True)
)

_SAVE: Final = Statement(
    sa.update(surfaces).where(surfaces.c.id == sa.bindparam("surface_id")),
    columns=(
        "rendered_version",
        "state",
        "channel_id",
        "ts",
        "delivery_id",
        "attempts",
        "attempted_at",
        "error",
    ),
)

_OF: Final = Statement(
    sa.select(surfaces)
    .where(surfaces.c.request_id == sa.bindparam("of_request"))
    .order_by(surfaces.c.id)
)

_AT: Final = Statement(
    sa.select(surfaces)
    .where(
        surfaces.c.channel_id == sa.bindparam("channel"),
        surfaces.c.ts == sa.bindparam("message"),
    )
    .order_by(surfaces.c.id)
    .limit(sa.literal_column("1"))
)


class SqlSurfaceStore(SurfaceStore):
    """Surfaces in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def want(
        self,
        request_id: RequestId,
        purpose: SurfacePurpose,
        destination: str,
        *,
        version: int,
    ) -> Surface:
        rows = await self._link.rows(
            _WANT,
            request_id=request_id,
            purpose=purpose.value,
            destination=destination,
            desired_version=version,
            rendered_version=0,
            state=SurfaceState.PENDING.value,
            channel_id=None,
            ts=None,
            delivery_id=None,
            attempts=0,
            attempted_at=None,
            error="",
        )
        return _to_surface(rows[0])

    @override
    async def want_all(
        self,
        request_id: RequestId,
        wanted: Collection[tuple[SurfacePurpose, str]],
        *,
        version: int,
    ) -> list[Surface]:
        values: dict[str, object] = {}
        for number, (purpose, destination) in enumerate(sorted(set(wanted))):
            values[f"purpose_{number}"] = purpose.value
            values[f"destination_{number}"] = destination
        if not values:
            return []
        rows = await self._link.rows(
            _wanting(len(values) // 2),
            of_request=request_id,
            version=version,
            **values,
        )
        return [_to_surface(row) for row in rows]

    @override
    async def lock(self, surface_id: int) -> Surface | None:
        row = await self._link.row(_LOCK, surface_id=surface_id)
        return None if row is None else _to_surface(row)

    @override
    async def save(self, surface: Surface) -> None:
        await self._link.rows(
            _SAVE,
            surface_id=surface.id,
            rendered_version=surface.rendered_version,
            state=surface.state.value,
            channel_id=surface.channel_id,
            ts=surface.ts,
            delivery_id=surface.delivery_id,
            attempts=surface.attempts,
            attempted_at=surface.attempted_at,
            error=surface.error,
        )

    @override
    async def of(self, request_id: RequestId) -> list[Surface]:
        rows = await self._link.rows(_OF, of_request=request_id)
        return [_to_surface(row) for row in rows]

    @override
    async def at(self, channel_id: str, ts: str) -> Surface | None:
        row = await self._link.row(_AT, channel=channel_id, message=ts)
        return None if row is None else _to_surface(row)


def _to_surface(row: Row) -> Surface:
    return Surface(
        id=row["id"],
        request_id=RequestId(row["request_id"]),
        purpose=SurfacePurpose(row["purpose"]),
        destination=row["destination"],
        desired_version=row["desired_version"],
        rendered_version=row["rendered_version"],
        state=SurfaceState(row["state"]),
        channel_id=row["channel_id"],
        ts=row["ts"],
        delivery_id=row["delivery_id"],
        attempts=row["attempts"],
        attempted_at=to_moment_or_none(row["attempted_at"]),
        error=row["error"],
    )
