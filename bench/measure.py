"""Samples that are taken in turns, and ratios of their medians beside a target."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Take = Callable[[], float]


@dataclass(frozen=True)
class Ratio:
    """One figure: a subject's samples against a yardstick's, both taken in this run."""

    what: str
    subject: str
    mine: Sequence[float]
    yardstick: str
    theirs: Sequence[float]
    target: float
    at_least: bool = False

    @property
    def value(self) -> float:
        """Return the ratio of the medians."""
        return statistics.median(self.mine) / statistics.median(self.theirs)

    @property
    def met(self) -> bool:
        """Tell whether the ratio is on the right side of its target."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        return (
            f"{self.what:<34} {self.value:5.2f} x {self.yardstick:<22} target {sign} "
            f"{self.target:.2f} {'ok  ' if self.met else 'MISS'}  "
            f"({spread(self.mine)} against {spread(self.theirs)})"
        )

    def as_dict(self) -> dict[str, object]:
        """Return the figure for a JSON file."""
        return {
            "what": self.what,
            "subject": self.subject,
            "yardstick": self.yardstick,
            "ratio": round(self.value, 3),
            "target": self.target,
            "met": self.met,
        }


def spread(samples: Sequence[float]) -> str:
    """Return the median of some samples, with the least and the greatest."""
    if not samples:
        return "-"
    low, middle, high = min(samples), statistics.median(samples), max(samples)
    return f"{middle:,.0f} [{low:,.0f}-{high:,.0f}]"


def in_turns(rounds: int, takers: dict[str, Take]) -> dict[str, list[float]]:
    """Take a sample of each in turn: A B, then B A, so that drift and noise meet them alike."""
    samples: dict[str, list[float]] = {name: [] for name in takers}
    for number in range(rounds):
        for name in turned(list(takers), number):
            samples[name].append(takers[name]())
    return samples


def turned(items: Sequence[str], number: int) -> list[str]:
    """Return the items beginning with another one each round."""
    start = number % len(items)
    return [*items[start:], *items[:start]]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows of text as a table with aligned columns."""
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    texts = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    ]
    return "\n".join([texts[0], "  ".join("-" * width for width in widths), *texts[1:]])
