"""A rule of the preflight, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flaskdash.project import Project


@dataclass(frozen=True)
class Finding:
    """What a rule has to say: a failure with its fix, or a note; or that it could not look."""

    sentence: str
    fix: str = ""
    is_note: bool = False
    is_open: bool = False


@dataclass(frozen=True)
class Rule:
    """A rule: an ID, the sentence that is true when it holds, and how to look.

    `mend`, where that is safe, repairs and yields each thing that it changed. A rule that takes
    seconds says what it is `doing`: those are looked at together, after the quick ones.
    """

    id: str
    sentence: str
    look: Callable[[Project], Iterable[Finding]]
    mend: Callable[[Project], Iterable[str]] | None = None
    doing: str = ""


@dataclass(frozen=True)
class Result:
    """What a rule found, and when: a slow one need not look again at the very same files."""

    rule: Rule
    findings: Sequence[Finding]
    when: str = ""

    @property
    def failed(self) -> bool:
        """Return whether the project must not go out like this."""
        return any(not finding.is_note for finding in self.findings)

    def lines(self) -> Iterator[str]:
        """Yield what is printed: ok, or each failure with its fix; and the notes."""
        name = self.rule.id
        if not self.failed and not any(finding.is_open for finding in self.findings):
            yield f"ok    {name:12} {self.rule.sentence}{f' ({self.when})' if self.when else ''}"
        for finding in self.findings:
            yield f"{'note' if finding.is_note else 'FAIL':5} {name:12} {finding.sentence}"
            if finding.fix:
                yield f"{'':18} Try: {finding.fix}"

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        found = [asdict(finding) for finding in self.findings]
        return {"id": self.rule.id, "sentence": self.rule.sentence, "ok": not self.failed} | {
            "findings": found
        }
