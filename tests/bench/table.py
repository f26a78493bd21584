"""What every measurement becomes: a line with a figure and what is aimed at."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table."""

    what: str
    measured: str
    aim: str = ""


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile of some values, between the two nearest.

    Args:
        values: at least one.
        percent: 1 to 99.
    """
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def milliseconds(seconds: Sequence[float]) -> str:
    """Return p50 and p99 of some durations, for a person."""
    p50, p99 = (percentile(seconds, percent) * 1_000 for percent in (50, 99))
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print one part of the table."""
    print(f"\n{title}")  # noqa: T201  # printing is what a benchmark is for
    width = max(len(figure.what) for figure in figures)
    for figure in figures:
        aim = f"  (aim: {figure.aim})" if figure.aim else ""
        line = f"  {figure.what:<{width}}  {figure.measured}{aim}"
        print(line, flush=True)  # noqa: T201  # the same
