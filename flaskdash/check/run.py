"""Run the preflight: all rules, even if one fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from flaskdash import shell
from flaskdash.check.recent import Recent
from flaskdash.check.rule import Finding, Result, Rule
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo, working
from flaskdash.project import Project
from flaskdash.ship.errors import PreflightError


def run(rules: Sequence[Rule], project: Project, echo: Echo, *, fresh: bool = False) -> None:
    """Run all rules and print their results; raise PreflightError if one failed.

    Unless `fresh`, a slow rule is not run again if the same files passed it minutes ago.
    """
    results = []
    for result in look(rules, project, fresh=fresh):
        results.append(result)
        for line in result.lines():
            echo(line)
    if failed := ", ".join(result.rule.id for result in results if result.failed):
        raise PreflightError(f"The preflight failed ({failed}). Nothing was built.")


def look(rules: Sequence[Rule], project: Project, *, fresh: bool = True) -> Iterator[Result]:
    """Yield the result of each rule: the quick ones in their order, then the slow ones."""
    passed = True
    for rule in rules:
        if not rule.doing:
            result = Result(rule, _look(rule, project))
            passed = passed and not result.failed
            yield result
    if slow := [rule for rule in rules if rule.doing]:
        yield from _look_slow(slow, project, fresh, passed)


def _look_slow(
    rules: Sequence[Rule], project: Project, fresh: bool, passed: bool
) -> Iterator[Result]:
    """Run slow rules in parallel, and yield their results; cache them if all rules passed."""
    recent = Recent(project)  # only now: the quick rules may have changed the environment
    cached = {} if fresh else {rule.id: recent.passed(rule.id) for rule in rules}
    pending = [rule for rule in rules if cached.get(rule.id) is None]
    with working(_doing(pending)), ThreadPoolExecutor(max(1, len(pending))) as pool:
        try:
            looks = pool.map(lambda rule: _look(rule, project), pending)
            findings = dict(zip(pending, looks, strict=True))
        except KeyboardInterrupt:
            shell.stop_all()
            raise
    for rule in rules:
        earlier = cached.get(rule.id)
        result = Result(rule, *earlier) if earlier else Result(rule, findings[rule])
        passed = passed and not result.failed
        if not earlier:
            recent.note(rule.id, result.findings)
        yield result
    if passed:
        recent.save()


def mend(rules: Sequence[Rule], project: Project) -> Iterator[str]:
    """Repair what is safe to repair, and yield each change."""
    for _ in range(2):  # one repair, such as of an encoding, may allow another
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
    text = ", ".join(rule.doing for rule in rules)
    return f"{text[:1].upper()}{text[1:]}..."
