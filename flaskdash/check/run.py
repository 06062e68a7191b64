"""Preflight: rules that a project must pass before it goes out. All are looked at, then it stops."""

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
