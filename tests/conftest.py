"""What every test can ask for; the fixtures live in `tests/support`."""

from pathlib import Path

import pytest

# They import each other, and rewriting is for what is not imported yet.
pytest.register_assert_rewrite("tests.support")

pytest_plugins = [
    f"tests.support.{path.stem}"
    for path in sorted((Path(__file__).parent / "support").glob("*.py"))
    if path.stem != "__init__"
]
