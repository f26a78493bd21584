"""What a link may be, what is wrong with one, and how the audit log tells of it."""

from dataclasses import dataclass
from datetime import datetime

from core.domain.audit import AuditFact, Json
from core.domain.identity import SlackAccount, SlackLink
from core.domain.job import NewJob
from core.domain.principal import Actor
from core.ports import UnitOfWork
from core.services.notices import notice_to_admins
from core.vocabulary import AuditAction, LinkMethod, Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Clash:
    """Why an account and an e-mail cannot belong together.

    Attributes:
        linked: what is in the way.
        why: what the person reads.
    """

    account: SlackAccount
    email: str
    linked: SlackLink
    why: str

    @property
    def notice(self) -> NewJob:
        """Return the job that tells the admins."""
        return notice_to_admins(
            f"{AuditAction.IDENTITY_CONFLICT.value}:{self.account.name}",
            f"The Slack account {self.account.name} came as {self.email} and was "
            f"refused: {self.linked.account.name} is linked to {self.linked.email} "
            f"({self.linked.method.value}, {self.linked.linked_at:%Y-%m-%d}). If "
            "that is somebody pretending, look into it. If the person has a new "
            f"address or account, `jitsudo identity unlink {self.linked.account.name}` "
            "lets them be linked anew.",
        )

    @property
    def details(self) -> dict[str, Json]:
        """Return what the audit event keeps of it."""
        return {
            "account": self.account.name,
            "email": self.email,
            "linked_account": self.linked.account.name,
            "linked_email": self.linked.email,
            "linked_method": self.linked.method.value,
        }


async def clash_of(uow: UnitOfWork, account: SlackAccount, email: str) -> Clash | None:
    """Return what keeps an account and an e-mail apart; None if nothing does."""
    own = await uow.links.of_account(account)
    if own is not None:
        return changed(own, email)
    holder = await uow.links.of_email(email)
    return None if holder is None else second(holder, account)


def changed(own: SlackLink, email: str) -> Clash | None:
    """Return the clash of an account whose e-mail is another one by now."""
    if own.email == email:
        return None
    return Clash(
        account=own.account,
        email=email,
        linked=own,
        why=f"your e-mail address in Slack is {email}, but your Slack account is "
        f"linked to {own.email} here. Nothing was done and the admins are told. Ask "
        f"one of them to run `jitsudo identity unlink {own.account.name}` if the new "
        "address is right",
    )


def second(holder: SlackLink, account: SlackAccount) -> Clash:
    """Return the clash of an account with the one that has its e-mail."""
    return Clash(
        account=account,
        email=holder.email,
        linked=holder,
        why=f"{holder.email} is linked to another Slack account than yours here. "
        "Nothing was done and the admins are told. Ask one of them to run "
        f"`jitsudo identity unlink {holder.account.name}` if that one is not used any "
        "more",
    )


def is_signed_in(link: SlackLink | None) -> bool:
    """Tell whether more than a first use stands behind a link."""
    return link is not None and link.method is not LinkMethod.FIRST_USE


async def replace_link(
    uow: UnitOfWork, new: SlackLink, *, earlier: SlackLink | None
) -> bool:
    """Store a link in the place of the same one by a weaker method.

    Returns:
        False if somebody linked either side at the same time.
    """
    if earlier is not None:
        await uow.links.remove(earlier.account)
    return await uow.links.add(new)


def link_fact(
    action: AuditAction,
    link: SlackLink,
    *,
    actor: Actor,
    now: datetime,
    earlier: LinkMethod | None = None,
) -> AuditFact:
    """Return the audit event of a link that was made or ended."""
    return AuditFact(
        occurred_at=now,
        actor=actor.email,
        action=action,
        outcome=Outcome.SUCCESS,
        origin=actor.origin,
        details={
            "account": link.account.name,
            "email": link.email,
            "method": link.method.value,
            **({"replaced": earlier.value} if earlier else {}),
            **actor.evidence,
        },
    )
