"""The provider `kubernetes`: a role binding for each request, and a token for it."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from typing_extensions import override

from core.domain.grant import GrantOrder, IssuedGrant, Secrets
from core.domain.request import Ask
from core.errors import ProviderFailed
from core.ports import Clock, CredentialProvider
from core.providers.kubeconfig import to_kubeconfig
from core.providers.kubernetes_client import ClusterApi, Patience, open_cluster
from core.providers.kubernetes_objects import (
    Place,
    Stored,
    account_place,
    binding_place,
    new_account,
    new_binding,
)
from core.providers.kubernetes_permissions import may, needed, who
from core.providers.kubernetes_settings import SHORTEST_TOKEN, KubernetesSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class _Term:
    """From when until when a grant counts."""

    issued_at: datetime
    expires_at: datetime


class KubernetesProvider(CredentialProvider):
    """Binds a ClusterRole in a namespace, or in the whole cluster for `*`.

    Each request has a binding of its own, named after it, so requests share
    nothing. Kubernetes ends no binding by itself: the end is always a call.
    """

    def __init__(
        self,
        *,
        name: str,
        settings: KubernetesSettings,
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        """Keep how to reach the cluster; connect to nothing.

        Args:
            name: what requests call this cluster.
            patience: None for the usual.
        """
        self._name = name
        self._settings = settings
        self._clock = clock
        self._patience = patience or Patience()

    @property
    @override
    def name(self) -> str:
        """Return the name requests use."""
        return self._name

    @override
    def lane(self, requester: str, ask: Ask) -> None:
        """Return None: each request has a binding of its own."""

    @override
    def validate(self, ask: Ask) -> None:
        """Refuse names that cannot be, and what the settings do not allow."""
        self._settings.refuse_impossible(ask)

    @override
    async def grant(self, order: GrantOrder) -> IssuedGrant:
        """Bind the role, as the last step: what comes before it opens nothing."""
        place, account = binding_place(order), self._account(order)
        async with self._open() as api:
            # A binding to a role that is not there would be made without a word.
            if not await api.has_role(order.role):
                raise self._failed(why=f"there is no ClusterRole {order.role}")
            found = await api.read(place)
            term = self._term(order, place, found)
            body = new_binding(
                order,
                issued_at=term.issued_at,
                user=self._user(order),
                account=account,
            )
            if found is not None:
                self._check_unchanged(place, found, body)
            files = {}
            if account is not None:
                files["KUBECONFIG"] = await self._kubeconfig(api, order, account, term)
            if found is None and not await api.create(place, body, role=order.role):
                raise self._failed(why=f"{place} appeared meanwhile; it is tried again")
        return IssuedGrant(
            secrets=Secrets(
                variables={
                    "JITSUDO_K8S_ROLE": order.role,
                    "JITSUDO_K8S_NAMESPACE": order.resource_scope,
                },
                files=files,
            ),
            issued_at=term.issued_at,
            expires_at=term.expires_at,
            handle=f"{place}" if account is None else f"{place}, {account}",
        )

    @override
    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """Delete the binding and the ServiceAccount; return when both are gone."""
        places = [binding_place(order)]
        account = self._account(order, handle)
        if account is not None:
            places.append(account)
        failures: list[ProviderFailed] = []
        async with self._open() as api:
            # Each of them alone takes something away, so one's failure does not
            # keep the other.
            for place in places:
                try:
                    await self._end(api, place, order)
                except ProviderFailed as error:
                    failures.append(error)
        if failures:
            raise failures[0]

    @override
    async def is_active(self, order: GrantOrder, handle: str) -> bool:
        """Tell whether the binding is there; until it is gone, it is in force."""
        place = binding_place(order)
        async with self._open() as api:
            found = await api.read(place)
        if found is None:
            return False
        self._check_owner(place, found, order)
        return True

    @override
    async def check(self) -> str:
        """Return who we are there, if everything that grants take is allowed."""
        async with self._open() as api:
            name = await who(api)
            missing = [
                str(wanted)
                for wanted in needed(self._settings)
                if not await may(api, wanted)
            ]
        if missing:
            raise self._failed(
                why=f"jitsudo is {name} and may not: {', '.join(missing)}; "
                "see docs/providers.md for the role it needs"
            )
        return f"{name} at {api.server}"

    @override
    async def close(self) -> None:
        """Close nothing: a connection lasts for one grant, since tokens rotate."""

    def _open(self) -> AbstractAsyncContextManager[ClusterApi]:
        return open_cluster(self._name, self._settings, self._patience)

    def _term(self, order: GrantOrder, place: Place, found: Stored | None) -> _Term:
        """Return a term from now, or that of the grant made before."""
        if found is None:
            now = self._clock.now()
            ends_at = now + timedelta(seconds=order.duration_seconds)
            return _Term(issued_at=now, expires_at=ends_at)
        self._check_owner(place, found, order)
        try:
            issued_at, expires_at = found.times()
        except ValueError as error:
            why = f"{place} has times that jitsudo did not write; delete it by hand"
            raise self._failed(why=why) from error
        return _Term(issued_at=issued_at, expires_at=expires_at)

    def _user(self, order: GrantOrder) -> str:
        """Return the requester's name in the cluster.

        Raises:
            ProviderFailed: it would be one of Kubernetes' own.
        """
        user = f"{self._settings.user_prefix}{order.requester}"
        if user.startswith("system:"):
            raise self._failed(why="a user's name must not begin with system:")
        return user

    def _account(self, order: GrantOrder, handle: str = "") -> Place | None:
        """Return the request's ServiceAccount, also if tokens were switched off."""
        own = self._settings.token_request
        _, _, named = handle.partition(", ServiceAccount ")
        namespace = named.partition("/")[0] or (own.namespace if own else "")
        return account_place(order, namespace) if namespace else None

    async def _kubeconfig(
        self, api: ClusterApi, order: GrantOrder, account: Place, term: _Term
    ) -> str:
        """Return a kubeconfig with a new token that lasts as long as the grant."""
        body = new_account(order, account, issued_at=term.issued_at)
        if not await api.create(account, body):
            found = await api.read(account)
            if found is None:
                raise self._failed(why=f"{account} comes and goes; it is tried again")
            self._check_owner(account, found, order)
        left = max(term.expires_at - self._clock.now(), SHORTEST_TOKEN)
        seconds = ceil(left.total_seconds())
        token = await api.request_token(account, seconds=seconds)
        if token.spec.seconds < seconds:
            raise self._failed(
                why=f"the cluster gives tokens for {token.spec.seconds} s at most and "
                f"{seconds} s were asked: set max_duration, or raise the API "
                "server's --service-account-max-token-expiration"
            )
        return to_kubeconfig(
            api.endpoint,
            name=f"{self._name}-{order.request_id[-6:].lower()}",
            token=token.status.token,
            scope=order.resource_scope,
        )

    async def _end(self, api: ClusterApi, place: Place, order: GrantOrder) -> None:
        """Delete one object of ours, and look until it is gone."""
        for pause in self._patience.pauses:
            found = await api.read(place)
            if found is None:
                return
            self._check_owner(place, found, order, ending=True)
            if not found.is_leaving():
                await api.delete(place, found)
            await asyncio.sleep(pause)
        raise self._failed(why=f"{place} is still there; does a finalizer hold it?")

    def _check_unchanged(
        self, place: Place, found: Stored, written: Mapping[str, object]
    ) -> None:
        """Take a binding for the grant only if it still grants that."""
        if found.is_leaving():
            raise self._failed(why=f"{place} is being deleted; it is tried again")
        if not found.says(written):
            raise self._failed(
                why=f"{place} has another role or other subjects than jitsudo gave it; "
                "look at it, and delete it by hand"
            )

    def _check_owner(
        self, place: Place, found: Stored, order: GrantOrder, *, ending: bool = False
    ) -> None:
        """Refuse what jitsudo did not write for this request, or not any more."""
        if not found.is_of(order):
            then = "look at what it grants, and " if ending else ""
            raise self._failed(
                why=f"{place} is not jitsudo's: its label or annotations are others; "
                f"{then}delete it by hand if it should not be there"
            )

    def _failed(self, *, why: str) -> ProviderFailed:
        return ProviderFailed(provider=self._name, why=why)


def from_settings(
    name: str, settings: Mapping[str, object], clock: Clock
) -> KubernetesProvider:
    """Build the provider from its part of the settings file.

    Raises:
        pydantic.ValidationError: a setting cannot be.
    """
    return KubernetesProvider(
        name=name, settings=KubernetesSettings.model_validate(settings), clock=clock
    )
