"""A rule of the preflight, and its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flaskdash.project import Project


@dataclass(frozen=True)
class Finding:
    """A failure with its fix, or a note; `is_open` means that the rule could not run."""

    sentence: str
    fix: str = ""
    is_note: bool = False
    is_open: bool = False


@dataclass(frozen=True)
class Rule:
    """A rule: an ID, a sentence that is true if the project passes, and its check, `look`.

    `mend` repairs what is safe to repair, and yields each change. A slow rule has a text for the
    progress, `doing`; slow rules run in parallel, after the quick ones. If a rule that `stops`
    fails, a deploy does not look at the others. The result of a slow rule with `only_lock` depends
    on uv.lock, and not on the project's other files.
    """

    id: str
    sentence: str
    look: Callable[[Project], Iterable[Finding]]
    mend: Callable[[Project], Iterable[str]] | None = None
    doing: str = ""
    stops: bool = False
    only_lock: bool = False


@dataclass(frozen=True)
class Result:
    """The findings of a rule; `age` tells in words when an earlier run found them."""

    rule: Rule
    findings: Sequence[Finding]
    age: str = ""

    @property
    def failed(self) -> bool:
        """Return whether the project must not be deployed."""
        return any(not finding.is_note for finding in self.findings)

    def lines(self) -> Iterator[str]:
        """Yield the lines to print: ok, or each failure with its fix; and the notes."""
        name = self.rule.id
        if not self.failed and not any(finding.is_open for finding in self.findings):
            yield f"ok    {name:12} {self.rule.sentence}{f' ({self.age})' if self.age else ''}"
        for finding in self.findings:
            yield f"{'note' if finding.is_note else 'FAIL':5} {name:12} {finding.sentence}"
            if finding.fix:
                yield f"{'':18} Fix: {finding.fix}"

    def as_dict(self) -> dict[str, Any]:
        """Return the result for JSON."""
        return {
            "id": self.rule.id,
            "sentence": self.rule.sentence,
            "ok": not self.failed,
            "findings": [asdict(finding) for finding in self.findings],
        }
