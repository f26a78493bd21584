"""What every test can ask for; the fixtures live in `tests/support`."""

import signal
from pathlib import Path

import pytest

# Whoever runs the tests behind `&` or `nohup` has these ignored, and what the tests
# start would inherit that, and not end at Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
for _number in (signal.SIGQUIT, signal.SIGHUP):
    signal.signal(_number, signal.SIG_DFL)

# They import each other, and rewriting is for what is not imported yet.
pytest.register_assert_rewrite("tests.support")

pytest_plugins = [
    f"tests.support.{path.stem}"
    for path in sorted((Path(__file__).parent / "support").glob("*.py"))
    if path.stem != "__init__"
]
