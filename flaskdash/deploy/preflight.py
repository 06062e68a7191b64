"""Preflight: rules that a project must pass before it goes out. All are looked at, then it stops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from flaskdash.deploy.errors import PreflightError
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project

Echo = Callable[[str], None]


@dataclass(frozen=True)
class Finding:
    """What a rule has to say: a failure with its fix, or a note."""

    sentence: str
    fix: str = ""
    is_note: bool = False


@dataclass(frozen=True)
class Rule:
    """A rule: an ID, the sentence that is true when it holds, and how to look."""

    id: str
    sentence: str
    look: Callable[[Project], Iterable[Finding]]


def run(rules: Sequence[Rule], project: Project, echo: Echo) -> None:
    """Look at every rule and print a line for each; raise, with exit code 2, if one failed."""
    failed = []
    for rule in rules:
        findings = _look(rule, project)
        for line in lines(rule, findings):
            echo(line)
        if any(not finding.is_note for finding in findings):
            failed.append(rule.id)
    if failed:
        raise PreflightError(f"the preflight failed ({', '.join(failed)}); nothing was built")


def lines(rule: Rule, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield what is printed for a rule: ok, or each failure with its fix; and its notes."""
    if all(finding.is_note for finding in findings):
        yield f"ok    {rule.id:12} {rule.sentence}"
    for finding in findings:
        yield f"{'note' if finding.is_note else 'FAIL':5} {rule.id:12} {finding.sentence}"
        if finding.fix:
            yield f"{'':18} Try: {finding.fix}"


def _look(rule: Rule, project: Project) -> list[Finding]:
    try:
        return list(rule.look(project))
    except FlaskdashError as error:
        return [Finding(error.message, error.hint)]
    except OSError as error:
        return [Finding(f"{error.filename or project.root}: {error.strerror or error}")]
