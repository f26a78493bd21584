"""Makes up the codes that `core.domain.codes` spells."""

import secrets

from core.domain.codes import ALPHABET, CODE_LENGTH, code_from


def new_code() -> str:
    """Return a code that nobody can foretell."""
    return code_from([secrets.randbelow(len(ALPHABET)) for _ in range(CODE_LENGTH)])
