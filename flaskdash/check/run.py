"""Preflight: rules that a project must pass before it goes out. All are looked at, then it stops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.progress import working
from flaskdash.project import Project
from flaskdash.ship.errors import PreflightError

Echo = Callable[[str], None]


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


def run(rules: Sequence[Rule], project: Project, echo: Echo, *, fresh: bool = False) -> None:
    """Look at every rule and print its lines; raise, with exit code 2, if one failed.

    Unless it is to be `fresh`, a slow rule that these very files passed minutes ago is not asked.
    """
    results = []
    for result in look(rules, project, fresh=fresh):
        results.append(result)
        for line in result.lines():
            echo(line)
    if failed := ", ".join(result.rule.id for result in results if result.failed):
        raise PreflightError(f"the preflight failed ({failed}); nothing was built")


def look(rules: Sequence[Rule], project: Project, *, fresh: bool = True) -> Iterator[Result]:
    """Yield what each rule finds: the quick ones in their order, then the slow ones in theirs."""
    passed = True
    for rule in rules:
        if not rule.doing:
            result = Result(rule, _look(rule, project))
            passed = passed and not result.failed
            yield result
    if slow := [rule for rule in rules if rule.doing]:
        yield from _look_long(slow, project, fresh, passed)


def _look_long(
    rules: Sequence[Rule], project: Project, fresh: bool, passed: bool
) -> Iterator[Result]:
    """Yield what slow rules find, side by side; remember it where the project passed them all."""
    from flaskdash.check.recent import Recent

    recent = Recent(project)  # not before: the quick rules may have made the environment
    known = {} if fresh else {rule.id: recent.passed(rule.id) for rule in rules}
    wanted = [rule for rule in rules if known.get(rule.id) is None]
    with working(_doing(wanted)), ThreadPoolExecutor(max(1, len(wanted))) as pool:
        try:
            looks = pool.map(lambda rule: _look(rule, project), wanted)
            found = dict(zip(wanted, looks, strict=True))
        except KeyboardInterrupt:
            shell.stop_all()
            raise
    for rule in rules:
        before = known.get(rule.id)
        result = Result(rule, *before) if before else Result(rule, found[rule])
        passed = passed and not result.failed
        if not before:
            recent.note(rule.id, result.findings)
        yield result
    if passed:
        recent.save()


def mend(rules: Sequence[Rule], project: Project) -> Iterator[str]:
    """Mend what is safe to mend; yield each thing that was changed."""
    for _ in range(2):  # what one rule mends may be what another needs: text that can be read
        for rule in rules:
            if rule.mend is not None:
                yield from rule.mend(project)


def _look(rule: Rule, project: Project) -> list[Finding]:
    try:
        return list(rule.look(project))
    except FlaskdashError as error:
        return [Finding(error.message, error.hint)]
    except OSError as error:
        return [Finding(f"{error.filename or project.root}: {error.strerror or error}")]


def _doing(rules: Sequence[Rule]) -> str:
    said = ", ".join(rule.doing for rule in rules)
    return f"{said[:1].upper()}{said[1:]}..."
