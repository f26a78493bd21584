"""Every route's operation: what it takes and answers.

A route without an entry here, or an entry without its route, fails a test.
"""

from typing import Final

from bot.api.operations.kinds import JSON_TYPE, Operation, Operations
from bot.api.operations.machines import OF_MACHINES
from bot.api.operations.oversight import OF_OVERSIGHT
from bot.api.operations.people import OF_PEOPLE
from bot.api.operations.requests import OF_REQUESTS
from bot.api.operations.sign_in import OF_SIGN_IN

__all__ = ["JSON_TYPE", "OPERATIONS", "Operation", "Operations"]

OPERATIONS: Final[Operations] = {
    **OF_REQUESTS,
    **OF_OVERSIGHT,
    **OF_PEOPLE,
    **OF_SIGN_IN,
    **OF_MACHINES,
}
"""Every operation of the server that is meant for other people's programs."""
