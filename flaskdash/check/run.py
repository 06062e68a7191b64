"""Run the preflight: the quick rules in their order, then the slow ones side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from threading import current_thread, main_thread

from flaskdash import shell
from flaskdash.check.recent import Recent
from flaskdash.check.rule import Finding, Result, Rule
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo, working
from flaskdash.project import Project
from flaskdash.ship.errors import PreflightError


def run(rules: Sequence[Rule], project: Project, echo: Echo, *, fresh: bool = False) -> None:
    """Run the rules and print their results; raise PreflightError if one failed.

    If `fresh`, all rules run, and none is left out because an earlier run passed it.
    """
    with started(rules, project, echo, fresh=fresh) as finish:
        finish()


def look(rules: Sequence[Rule], project: Project) -> list[Result]:
    """Return the results of all rules, in the order of the rules."""
    results: list[Result] = []
    with _looking(rules, project, results.append, fresh=True) as wait:
        wait()
    return sorted(results, key=lambda result: rules.index(result.rule))


@contextmanager
def started(
    rules: Sequence[Rule], project: Project, echo: Echo, *, fresh: bool = False
) -> Iterator[Callable[[], None]]:
    """Run the quick rules, start the slow ones, and yield a function that waits for them.

    It raises PreflightError if a rule failed. A quick rule that failed does so at once.
    """
    results: list[Result] = []

    def report(result: Result) -> None:
        results.append(result)
        for line in result.lines():
            echo(line)
        if result.failed and result.rule.stops and not fresh:
            raise _error(results)

    with _looking(rules, project, report, fresh=fresh) as wait:

        def finish() -> None:
            # The deploy that another thread waits for shows its own progress.
            is_main = current_thread() is main_thread()
            with working(_doing(rules)) if is_main else nullcontext():
                wait()
            if any(result.failed for result in results):
                raise _error(results)

        if any(result.failed for result in results):
            finish()
        yield finish


@contextmanager
def _looking(
    rules: Sequence[Rule], project: Project, report: Callable[[Result], None], *, fresh: bool
) -> Iterator[Callable[[], None]]:
    """Look at the quick rules, start the slow ones, and yield a function that waits for them.

    Each result is reported as soon as its rule ends. If all rules passed, the next run does not
    look at the slow ones again, unless something that they depend on changes.
    """
    results = []
    for rule in rules:
        if not rule.doing:
            results.append(Result(rule, _look(rule, project)))
            report(results[-1])
    slow = [rule for rule in rules if rule.doing]
    if not slow:
        yield lambda: None
        return
    recent = Recent(project)  # only now: the quick rules may have changed the environment

    def look_at(rule: Rule) -> Result:
        earlier = None if fresh else recent.passed(rule)
        result = Result(rule, *(earlier or [_look(rule, project)]))
        report(result)
        if not earlier and not any(finding.is_open for finding in result.findings):
            recent.note(rule, result.findings)
        return result

    # Each starts a program. More of them than processors would only need more memory.
    with ThreadPoolExecutor(max(2, min(len(slow), os.cpu_count() or 2))) as pool:
        futures: list[Future[Result]] = []

        def wait() -> None:
            looked_at = [*results, *(future.result() for future in futures)]
            if not any(result.failed for result in looked_at):
                recent.save()

        try:
            futures += [pool.submit(look_at, rule) for rule in slow]
            yield wait
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            shell.stop_all()
            raise


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
    text = ", ".join(rule.doing for rule in rules if rule.doing)
    return f"{text[:1].upper()}{text[1:]}..."


def _error(results: Sequence[Result]) -> PreflightError:
    """Return the error of the rules that failed, with each reason: it ends a long output."""
    failed = [result for result in results if result.failed]
    names = ", ".join(result.rule.id for result in failed)
    lines = [f"The preflight failed ({names}). Nothing was deployed."]
    for result in failed:
        for finding in result.findings:
            if not finding.is_note:
                lines.append(f"  {result.rule.id}: {finding.sentence}")
                lines += [f"    Fix: {finding.fix}"] if finding.fix else []
    return PreflightError("\n".join(lines))
