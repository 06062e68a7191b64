"""`flaskdash add-redis`: answers that several instances share."""

from pathlib import Path

import click


@click.command("add-redis")
@click.option("--dry-run", is_flag=True, help="Print what would be made, and make nothing.")
def command(dry_run: bool) -> None:
    """Let several instances of the dashboard share the answers that one of them has worked out.

    They are kept in the Redis that REDIS_URL names. Without that, and while Redis does not answer,
    each instance keeps its own.

    \b
    Example:
      flaskdash add-redis
    """
    from flaskdash.generate.add import add_redis
    from flaskdash.project import Project

    add_redis(Project.find(Path.cwd()), click.echo, dry_run)
    if not dry_run:
        click.echo("\nNext:\n  REDIS_URL=redis://localhost:6379 flaskdash serve --prod\n")
