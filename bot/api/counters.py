"""What this process counts by itself; the rest is counted in the database."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Counters:
    """HTTP answers of the REST API, by method, route and status."""

    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)
