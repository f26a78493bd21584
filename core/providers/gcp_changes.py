"""Changes of a policy that others change too: read, edit, write, and again."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Final

from core.errors import ProviderFailed
from core.providers.gcp_api import ResourceManager
from core.providers.gcp_errors import PolicyMoved, PolicyRefused
from core.providers.gcp_policy import Binding, Policy, why_refused

PAUSES_SECONDS: Final = (0.0, 0.2, 0.5, 1.0, 2.0)
"""Before each try to write a policy that others write as well."""


class PolicyChanges:
    """Makes changes that no other writer's is lost by.

    A policy carries an etag, and Google refuses to write one whose etag is not
    the present one; then the change is made anew on what is there now.
    """

    def __init__(
        self, *, provider: str, api: ResourceManager, pauses: Sequence[float]
    ) -> None:
        """Keep what it needs.

        Args:
            provider: the name that failures carry.
            pauses: seconds before each try, on average.
        """
        self._provider = provider
        self._api = api
        self._pauses = pauses

    async def make(
        self,
        project: str,
        edit: Callable[[Policy], Policy | None],
        *,
        adding: Binding | None = None,
    ) -> Policy:
        """Return the policy after a change, as Google answered it.

        Args:
            edit: returns the policy to write, or None to leave it as it is.
            adding: what is new in it, for the words of a refusal.

        Raises:
            ProviderFailed: it was not written, or nobody knows.
        """
        for pause in self._pauses:
            # Those who collided once would collide again if they paused alike.
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # spreads
            policy = await self._api.policy(project)
            wanted = edit(policy)
            if wanted is None:
                return policy
            try:
                return await self._api.put_policy(project, wanted)
            except PolicyMoved:
                continue
            except PolicyRefused as error:
                why = why_refused(wanted, adding, said=error.said)
                raise ProviderFailed(provider=self._provider, why=why) from error
        raise ProviderFailed(
            provider=self._provider,
            why=f"others changed the policy of {project} each of the "
            f"{len(self._pauses)} times that jitsudo tried to; it is tried again",
        )
