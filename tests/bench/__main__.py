"""`make bench`: measure everything, print a table; nothing is asserted."""

import asyncio
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from core.policy.bundle import starter_directory
from tests.bench import (
    clicks,
    decisions,
    grants,
    listings,
    processes,
    questions,
    reading,
    tokens,
)
from tests.bench.table import Figure, show
from tests.support.databases import run_sql
from tests.support.engines import opa_server
from tests.support.postgres import PostgresServer, wheel


def main() -> None:
    """Run every part over both databases where PostgreSQL can be started."""
    print(f"{platform.platform()}, Python {platform.python_version()}")  # noqa: T201
    with tempfile.TemporaryDirectory(prefix="jitsudo-bench-") as name:
        root = Path(name)
        package = wheel()
        if package is None:
            sys.exit("there is no PostgreSQL wheel for this platform")
        postgres = PostgresServer(package, settings="shared_buffers = 128MB\n")
        postgres.start()
        try:
            _run(root, postgres.url)
        finally:
            postgres.remove()


def _run(root: Path, postgres_url: str) -> None:
    def places(part: str) -> list[tuple[str, str, Path]]:
        found = []
        for store in ("PostgreSQL", "SQLite"):
            directory = root / f"{part}-{store}"
            directory.mkdir()
            url = (
                f"sqlite+aiosqlite:///{directory / 'jitsudo.db'}"
                if store == "SQLite"
                else _new_database(postgres_url, f"bench_{part}")
            )
            found.append((store, url, directory))
        return found

    show("Decisions, with jobs running", _each(decisions, places("decisions")))
    show("Clicks", _each(clicks, places("clicks")))
    show("Grants", _each(grants, places("grants")))
    show("Policy", asyncio.run(_policy()))
    show("Reading", _each(reading, places("reading")))
    show("Lists", _each(listings, places("listings")))
    show("Tokens", _each(tokens, places("tokens")))
    _, url, directory = places("processes")[1]
    show("Processes", processes.measure(url, directory))


def _new_database(url: str, name: str) -> str:
    asyncio.run(run_sql(url, f"CREATE DATABASE {name}"))
    return url.replace("/postgres?", f"/{name}?")


def _each(part: object, places: list[tuple[str, str, Path]]) -> list[Figure]:
    figures: list[Figure] = []
    for place in places:
        figures += asyncio.run(part.measure(*place))  # type: ignore[attr-defined]
    return figures


async def _policy() -> list[Figure]:
    figures = [await questions.measure_embedded()]
    binary = shutil.which("opa")
    if binary is None:
        return [
            *figures,
            Figure(what="OPA over HTTP", measured="no opa on this machine"),
        ]
    with opa_server(binary, starter_directory()) as url:
        return [*figures, await questions.measure_opa(url)]


if __name__ == "__main__":
    main()
