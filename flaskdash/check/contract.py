"""A rule about the contract: the project's code has the names that the command line uses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from flaskdash import shell
from flaskdash.check.rule import Finding
from flaskdash.contract import PROMISES
from flaskdash.project import Project

CHILD = Path(__file__).with_name("contract_child.py")


def contract(project: Project) -> Iterator[Finding]:
    """Find names of the contract that are missing from the project's code, with their lines."""
    if not project.python.exists():
        return  # the rule of the environment reports it
    names = json.dumps([[promise.owner, promise.name] for promise in PROMISES])
    try:
        output = shell.run([str(project.python), str(CHILD)], cwd=project.root, stdin=names)
    except shell.CommandError as error:
        last = error.output.strip().rpartition("\n")[2]
        yield Finding(
            f"create_app() fails: {last[:300]}",
            "uv run flask --app app run (it prints the whole error)",
        )
        return
    missing = {tuple(pair) for pair in json.loads(output.strip().rpartition("\n")[2])}
    for promise in PROMISES:
        if (promise.owner, promise.name) in missing:
            yield Finding(
                f"{promise.file} lacks {promise.id}, which flaskdash {promise.commands} uses",
                f"Write this line there again: {promise.line}",
            )
