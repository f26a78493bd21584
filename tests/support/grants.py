"""What happens to grants behind a running server's back, in its own database."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from core.domain.grant import Secrets
from core.providers.sealing import FernetSealer
from core.vocabulary import RequestId
from tests.support.serving import ServedJitsudo


def an_approved_request(served: ServedJitsudo, *arguments: str) -> str:
    """Ask as alice, approve as bob; return the id. The grant is on its way."""
    request_id = served.a_request(*arguments)
    done = served.cli("bob", "approve", request_id)
    assert done.returncode == 0, done.stderr
    return request_id


def an_active_request(served: ServedJitsudo, *arguments: str) -> str:
    """Ask, approve, and wait until the grant is in force; return the id."""
    request_id = an_approved_request(served, *arguments)
    done = served.cli("alice", "exec", request_id, "-q", "--", "true")
    assert done.returncode == 0, done.stderr
    return request_id


def start_revoking(served: ServedJitsudo, request_id: str, *, why: str) -> None:
    """Have bob revoke a grant, as another server on the same database would."""
    with _database(served) as database:
        database.execute(
            "UPDATE requests SET grant_status = 'revoking', version = version + 1,"
            " ended_by = 'bob@example.com', end_reason = ? WHERE id = ?",
            (why, request_id),
        )


def give_files(
    served: ServedJitsudo, request_id: str, files: Mapping[str, str]
) -> None:
    """Put files into a grant, as a provider does that has some."""
    key = served.environment["JITSUDO_ENCRYPTION_KEYS"]
    sealed = FernetSealer([key]).seal(RequestId(request_id), Secrets(files=files))
    with _database(served) as database:
        changed = database.execute(
            "UPDATE grants SET sealed_credentials = ? WHERE request_id = ?",
            (sealed, request_id),
        )
        assert changed.rowcount == 1


@contextmanager
def _database(served: ServedJitsudo) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(served.database_url.removeprefix("sqlite:///"))
    try:
        with database:
            yield database
    finally:
        database.close()
