"""`flaskdash check`: run the preflight."""

from pathlib import Path

import click

from flaskdash.commands import _target
from flaskdash.progress import echo, echo_json


@click.command("check")
@_target.argument
@click.option(
    "--fix", is_flag=True, help="Repair what can be repaired safely, and print each change."
)
@_target.as_json
@_target.errors_as_json
def command(target: str | None, fix: bool, as_json: bool) -> None:
    """Check whether the project is ready to deploy to TARGET, and how to fix each problem.

    --fix only changes a few text files (.gitignore, .env, the Procfile), never the code, the
    dependencies or the git repository.

    \b
    Example:
      flaskdash check
      flaskdash check --fix
    """
    from flaskdash.check import run
    from flaskdash.deploy import targets
    from flaskdash.project import Project

    project = Project.find(Path.cwd())
    place = targets.choose(project, target).place
    rules = targets.target(project, place).plan().rules
    changes = list(run.mend(rules, project)) if fix else []
    if not as_json:
        for change in changes:
            echo(f"mend      {change}")
        run.run(rules, project, echo, fresh=True)
        return
    results = list(run.look(rules, project))
    ok = not any(result.failed for result in results)
    values = [result.as_dict() for result in results]
    echo_json({"target": place.address, "ok": ok, "mended": changes, "rules": values})
    raise click.exceptions.Exit(0 if ok else 2)
