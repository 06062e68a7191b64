"""`flaskdash refresh`: rebuild snapshots now."""

from pathlib import Path

import click

from flaskdash.progress import echo


@click.command("refresh")
@click.argument("names", metavar="[NAME]...", nargs=-1)
def command(names: tuple[str, ...]) -> None:
    """Rebuild the snapshots of all loaders now, or only those of the named loaders.

    A project rebuilds them by itself when a source or a loader changes, and when the REFRESH
    interval of a loader has passed. If a loader fails, its last good snapshot stays in use.

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
        raise FlaskdashError(
            f"Unknown loader {unknown[0]!r}. Use one of: {', '.join(loaders)}.",
            hint="flaskdash list",
        )
    ensure_environment(project, echo)
    failed = []
    for name in dict.fromkeys(names or loaders):
        refresh = snapshots.rebuild(project, name)
        if refresh.error:
            failed.append(name)
            echo(f"failed    {name}: {refresh.error}", err=True)
        else:
            echo(f"refresh   {name}: {refresh.rows:,} rows in {refresh.seconds:.1f} s")
    if failed:
        raise FlaskdashError(
            f"These loaders failed: {', '.join(failed)}. Their last good snapshots stay in use."
            " Fix the loaders, then refresh again.",
            hint=f"flaskdash refresh {' '.join(failed)}",
        )
