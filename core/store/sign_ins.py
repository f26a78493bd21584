"""Sign-ins of terminals that somebody in Slack confirms."""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from typing_extensions import override

from core.domain.identity import SignIn
from core.ports import SignInStore
from core.store.dialects import Moment
from core.store.link import Link, Row
from core.store.rows import names, to_moment, to_moment_or_none
from core.store.schema import sign_ins
from core.store.statements import Statement
from core.vocabulary import SignInState

FORGET_AFTER: Final = timedelta(minutes=10)
"""How long an expired sign-in is kept, to answer a terminal that asks late."""

_CHANGING: Final = ("state", "polled_at", "interval_seconds", "email", "settled_at")

_FORGET: Final = Statement(
    sa.delete(sign_ins).where(
        sign_ins.c.expires_at <= sa.bindparam("before", type_=Moment)
    )
)

_ADD: Final = Statement(sa.insert(sign_ins), columns=names(sign_ins.c))

_BY_DIGEST: Final = Statement(
    sa.select(sign_ins)
    .where(sign_ins.c.digest == sa.bindparam("of_device"))
    .with_for_update()
)

_BY_USER_CODE: Final = Statement(
    sa.select(sign_ins)
    .where(sign_ins.c.user_code == sa.bindparam("of_code"))
    .with_for_update()
)

_COUNT_WAITING: Final = Statement(
    sa.select(sa.func.count().label("waiting"))
    .select_from(sign_ins)
    .where(
        sign_ins.c.state == SignInState.WAITING.value,
        sign_ins.c.expires_at > sa.bindparam("counted_at", type_=Moment),
    )
)

_REFUSE_OF: Final = Statement(
    sa.update(sign_ins)
    .where(
        sign_ins.c.email == sa.bindparam("of_person"),
        sign_ins.c.state == SignInState.CONFIRMED.value,
    )
    .values(state=SignInState.REFUSED.value)
)

_SAVE: Final = Statement(
    sa.update(sign_ins).where(sign_ins.c.digest == sa.bindparam("of_device")),
    columns=_CHANGING,
)


class SqlSignInStore(SignInStore):
    """Sign-ins in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def add(self, sign_in: SignIn) -> None:
        await self._link.rows(_FORGET, before=sign_in.created_at - FORGET_AFTER)
        await self._link.rows(
            _ADD,
            digest=sign_in.digest,
            user_code=sign_in.user_code,
            host=sign_in.host,
            address=sign_in.address,
            created_at=sign_in.created_at,
            expires_at=sign_in.expires_at,
            **_changing(sign_in),
        )

    @override
    async def by_digest(self, digest: str) -> SignIn | None:
        return _to_sign_in(await self._link.row(_BY_DIGEST, of_device=digest))

    @override
    async def by_user_code(self, user_code: str) -> SignIn | None:
        return _to_sign_in(await self._link.row(_BY_USER_CODE, of_code=user_code))

    @override
    async def count_waiting(self, *, at: datetime) -> int:
        row = await self._link.row(_COUNT_WAITING, counted_at=at)
        return 0 if row is None else int(row["waiting"])

    @override
    async def refuse_of(self, email: str) -> None:
        await self._link.rows(_REFUSE_OF, of_person=email)

    @override
    async def save(self, sign_in: SignIn) -> None:
        await self._link.rows(_SAVE, of_device=sign_in.digest, **_changing(sign_in))


def _changing(sign_in: SignIn) -> dict[str, object]:
    values = {name: getattr(sign_in, name) for name in _CHANGING}
    return {**values, "state": sign_in.state.value}


def _to_sign_in(row: Row | None) -> SignIn | None:
    if row is None:
        return None
    return SignIn(
        digest=row["digest"],
        user_code=row["user_code"],
        host=row["host"],
        address=row["address"],
        state=SignInState(row["state"]),
        created_at=to_moment(row["created_at"]),
        expires_at=to_moment(row["expires_at"]),
        interval_seconds=row["interval_seconds"],
        polled_at=to_moment_or_none(row["polled_at"]),
        email=row["email"],
        settled_at=to_moment_or_none(row["settled_at"]),
    )
