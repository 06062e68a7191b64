"""A rule about known vulnerabilities: uv looks up the packages of the lock in the OSV database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flaskdash import shell
from flaskdash.check.rule import Finding
from flaskdash.project import Project
from flaskdash.project.environment import uv
from flaskdash.ship import lockfile

SECONDS = 20
SERVICE: tuple[str, ...] = ()  # arguments of uv that select another service
NOT_CHECKED = "known vulnerabilities were not checked"


def command() -> list[str]:
    """Return the command that reports the vulnerabilities of the packages in production."""
    return [
        *(uv(), "audit", "--frozen", "--no-default-groups", "--no-progress"),
        *("--preview-features", "audit,json-output", "--output-format", "json", *SERVICE),
    ]


def audit(project: Project) -> Iterator[Finding]:
    """Find packages with a vulnerability that a newer version fixes; note unfixed ones."""
    if not lockfile.packages(project.root):
        return  # the rule of the lock reports it
    try:
        report = _report(shell.run(command(), project.root, {"UV_HTTP_RETRIES": "0"}, SECONDS))
    except TimeoutError:
        yield Finding(f"{NOT_CHECKED}: no answer within {SECONDS} s", is_note=True, is_open=True)
        return
    except shell.CommandError as error:
        report = _report(error.output)
        if report is None:
            last = error.output.strip().rpartition("\n")[2].strip() or "uv audit failed"
            reason = last.removeprefix("cause: ")
            yield Finding(f"{NOT_CHECKED}: {reason}", is_note=True, is_open=True)
            return
    for vulnerability in (report or {}).get("vulnerabilities", []):
        package, versions = vulnerability["dependency"], vulnerability.get("fix_versions", [])
        name, identifier = f"{package['name']} {package['version']}", vulnerability["id"]
        fix = f"uv lock --upgrade-package {package['name']} (fixed in {', '.join(versions)})"
        yield Finding(
            f"{name} has a known vulnerability: {identifier}",
            fix if versions else "",
            is_note=not versions,
        )


def _report(output: str) -> dict[str, Any] | None:
    """Return the JSON report in uv's output, which may contain warnings, too."""
    start = output.find("{")
    try:
        report = json.JSONDecoder().raw_decode(output[start:])[0] if start >= 0 else None
    except ValueError:
        return None
    return report if isinstance(report, dict) else None
