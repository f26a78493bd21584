"""The part of `Approvals` that is about bearer tokens."""

from datetime import timedelta
from typing import Protocol

from core.approvals.values import IssuedToken, TokenPage, TokenQuery
from core.domain.token import Token
from core.vocabulary import TokenScope


class TokenApprovals(Protocol):
    """Bearer tokens: made, listed, ended."""

    async def issue_token(
        self, email: str, *, scopes: frozenset[TokenScope], ttl: timedelta
    ) -> IssuedToken:
        """Make a bearer token.

        Raises:
            Invalid: the e-mail, the scopes or the time to live cannot be.
            NotAllowed: the actor is no admin, or their own token may less.
        """
        ...

    async def tokens(self, query: TokenQuery) -> TokenPage:
        """Return a page of the actor's tokens; of everybody's for an admin.

        Everybody's need the scope `admin` as well, and so does somebody else's;
        the audit log has each page of them.

        Raises:
            Invalid: the limit or the e-mail cannot be; or there is no token, among
                those that are listed, to begin before. A token that ended long
                ago may be gone by the next page.
            NotAllowed: the actor asks for somebody else's, and is no admin.
        """
        ...

    async def revoke_token(self, token_id: str) -> Token:
        """End a token of one's own, or as an admin anybody's.

        Raises:
            NotFound: there is no such token of the actor's.
        """
        ...
