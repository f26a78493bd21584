"""What this process counts by itself; the rest is counted in the database."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """What this process remembers of its callers.

    Attributes:
        answers: HTTP answers of the REST API, by method, route and status.
        has_noted_proxy: whether the log says that a proxy is not believed.
    """

    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    has_noted_proxy: bool = False
