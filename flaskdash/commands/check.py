"""`flaskdash check`: the preflight by itself."""

from pathlib import Path

import click

from flaskdash.commands import _target


@click.command("check")
@_target.argument
@click.option("--fix", is_flag=True, help="Mend what is safe to mend, and say what was changed.")
@_target.as_json
@_target.errors_as_json
def command(target: str | None, fix: bool, as_json: bool) -> None:
    """Look whether the project is fit to go to TARGET, and say how to mend what is not.

    --fix changes a few text files (.gitignore, .env, the Procfile); never the code, the
    dependencies or what git holds.

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
    mended = list(run.mend(rules, project)) if fix else []
    if not as_json:
        for change in mended:
            click.echo(f"mend      {change}")
        run.run(rules, project, click.echo, fresh=True)
        return
    results = list(run.look(rules, project))
    ok = not any(result.failed for result in results)
    shown = [result.as_dict() for result in results]
    _target.dump({"target": place.address, "ok": ok, "mended": mended, "rules": shown})
    raise click.exceptions.Exit(0 if ok else 2)
