"""What the daily job does: forgets old tokens, then looks at approvers."""

from core.domain.job import Job
from core.services.approver_check import CheckApprovers
from core.services.forget_tokens import ForgetTokens


class Daily:
    """Runs the one job that promises itself again for the next day."""

    def __init__(
        self, *, forget_tokens: ForgetTokens, check_approvers: CheckApprovers
    ) -> None:
        """Keep what is done, in order."""
        self._forget_tokens = forget_tokens
        self._check_approvers = check_approvers

    async def run(self, job: Job) -> None:
        """Do all of it; the look at approvers finishes the job.

        It comes last since policy or Slack may be away for long, and nothing of
        theirs is needed to forget a token.

        Raises:
            DependencyError: something failed; the job is tried again, and
                forgetting twice removes nothing more.
        """
        await self._forget_tokens.run()
        await self._check_approvers.run(job)
