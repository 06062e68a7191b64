"""Samples that are taken in turns, and ratios of their medians beside a target."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Take = Callable[[], float]


@dataclass(frozen=True)
class Ratio:
    """A subject's samples divided by those of a yardstick, both taken in this run."""

    label: str
    subject: str
    samples: Sequence[float]
    yardstick: str
    yardstick_samples: Sequence[float]
    target: float
    at_least: bool = False

    @property
    def value(self) -> float:
        return statistics.median(self.samples) / statistics.median(self.yardstick_samples)

    @property
    def met(self) -> bool:
        """Return whether the ratio meets its target."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        return (
            f"{self.label:<34} {self.value:5.2f} x {self.yardstick:<22} target {sign} "
            f"{self.target:.2f} {'ok  ' if self.met else 'MISS'}  "
            f"({spread(self.samples)} against {spread(self.yardstick_samples)})"
        )

    def as_dict(self) -> dict[str, object]:
        return {
            "label": self.label,
            "subject": self.subject,
            "yardstick": self.yardstick,
            "ratio": round(self.value, 3),
            "target": self.target,
            "met": self.met,
        }


def spread(samples: Sequence[float]) -> str:
    """Format the median of the samples, with the minimum and the maximum."""
    if not samples:
        return "-"
    low, middle, high = min(samples), statistics.median(samples), max(samples)
    return f"{middle:,.0f} [{low:,.0f}-{high:,.0f}]"


def in_turns(rounds: int, takers: dict[str, Take]) -> dict[str, list[float]]:
    """Take samples in turns (A B, then B A), so that drift and noise affect all alike."""
    samples: dict[str, list[float]] = {name: [] for name in takers}
    for number in range(rounds):
        for name in turned(list(takers), number):
            samples[name].append(takers[name]())
    return samples


def turned(items: Sequence[str], number: int) -> list[str]:
    """Rotate the items, so that each round begins with another item."""
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
