"""`python -m bot.sandbox`: the sandbox as a process of its own.

Prints one line of JSON when it is ready, and ends on SIGINT or SIGTERM.
"""

import argparse
import asyncio
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from bot.sandbox.app import CHANNEL, Sandbox
from bot.sandbox.server import serving
from bot.sandbox.storage import BrokenData


def main() -> None:
    """Serve until told to stop; exit 1 where that is not possible."""
    parser = argparse.ArgumentParser(
        prog="python -m bot.sandbox", description="A stand-in for a Slack workspace."
    )
    parser.add_argument("--port", type=int, default=0, help="0 for any free port")
    parser.add_argument(
        "--deliver-to", help="URL of the app; Socket Mode if it is left out"
    )
    parser.add_argument(
        "--no-pacing", action="store_true", help="without Slack's rate limits"
    )
    parser.add_argument("--data", type=Path, help="a file that keeps the workspace")
    asked = parser.parse_args()
    try:
        asyncio.run(_serve(asked))
    except (OSError, BrokenData) as error:
        sys.exit(f"Error: {error}")


async def _serve(asked: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    sandbox = Sandbox(
        deliver_to=asked.deliver_to, pacing=not asked.no_pacing, data=asked.data
    )
    async with serving(sandbox, port=asked.port):
        sys.stdout.write(json.dumps(_ready(sandbox)) + "\n")
        sys.stdout.flush()
        await stopped.wait()


def _ready(sandbox: Sandbox) -> dict[str, object]:
    return {
        "url": sandbox.url,
        "page": sandbox.page_url,
        "api_url": sandbox.api_url,
        "bot_token": sandbox.bot_token,
        "app_token": sandbox.app_token,
        "signing_secret": sandbox.signing_secret,
        "channel": sandbox.channel_id(CHANNEL),
        "people": {name: asdict(one) for name, one in sandbox.people.items()},
    }


if __name__ == "__main__":
    main()
