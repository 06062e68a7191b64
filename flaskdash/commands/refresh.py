"""`flaskdash refresh`: rebuild snapshots now."""

from pathlib import Path

import click


@click.command("refresh")
@click.argument("names", metavar="[NAME]...", nargs=-1)
def command(names: tuple[str, ...]) -> None:
    """Rebuild the snapshots of all loaders, or of each NAME, now.

    The project does it by itself when a source or a loader changes, and when a loader's REFRESH has
    passed. Where a loader fails, its last good snapshot stays.

    \b
    Example:
      flaskdash refresh sales
    """
    from flaskdash.errors import FlaskdashError
    from flaskdash.project import Project, contents, snapshots
    from flaskdash.project.environment import ensure_environment

    project = Project.find(Path.cwd())
    loaders = contents.loaders(project)
    unknown = [name for name in names if name not in loaders]
    if unknown:
        raise FlaskdashError(f"no loader {unknown[0]!r}", hint=f"one of: {', '.join(loaders)}")
    ensure_environment(project, click.echo)
    failed = []
    for name in dict.fromkeys(names or loaders):
        done = snapshots.rebuild(project, name)
        if done.error:
            failed.append(name)
            click.echo(f"failed    {name}: {done.error}", err=True)
        else:
            click.echo(f"refresh   {name}: {done.rows:,} rows in {done.seconds:.1f} s")
    if failed:
        raise FlaskdashError(
            f"not refreshed: {', '.join(failed)}; a good snapshot from before stays",
            hint="mend that, then again; flaskdash list shows how each stands",
        )
