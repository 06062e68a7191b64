"""A rule about known vulnerabilities: uv asks OSV for what is in the lock, where the network allows."""

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
SERVICE: tuple[str, ...] = ()  # the arguments that name another service than uv's own
NOT_ASKED = "known vulnerabilities were not asked for"


def command() -> list[str]:
    """Return the command that asks for vulnerabilities of what runs in production."""
    return [
        *(uv(), "audit", "--frozen", "--no-default-groups", "--no-progress"),
        *("--preview-features", "audit,json-output", "--output-format", "json", *SERVICE),
    ]


def audit(project: Project) -> Iterator[Finding]:
    """Find packages with a known vulnerability that a newer version mends; note the others."""
    if not lockfile.packages(project.root):
        return  # the lock's own rule says so
    try:
        report = _report(shell.run(command(), project.root, {"UV_HTTP_RETRIES": "0"}, SECONDS))
    except TimeoutError:
        yield Finding(f"{NOT_ASKED}: no answer within {SECONDS} s", is_note=True, is_open=True)
        return
    except shell.CommandError as error:
        report = _report(error.output)
        if report is None:
            last = error.output.strip().rpartition("\n")[2].strip() or "uv audit failed"
            why = last.removeprefix("cause: ")
            yield Finding(f"{NOT_ASKED}: {why}", is_note=True, is_open=True)
            return
    for one in (report or {}).get("vulnerabilities", []):
        package, mended = one["dependency"], one.get("fix_versions", [])
        what = f"{package['name']} {package['version']} has a known vulnerability: {one['id']}"
        fix = f"uv lock --upgrade-package {package['name']} (mended in {', '.join(mended)})"
        yield Finding(what, fix if mended else "", is_note=not mended)


def _report(output: str) -> dict[str, Any] | None:
    """Return the report in uv's output, which may have warnings around it."""
    start = output.find("{")
    try:
        found = json.JSONDecoder().raw_decode(output[start:])[0] if start >= 0 else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
