"""`flaskdash add-auth`: let people sign in, and close the rest."""

from pathlib import Path

import click

from flaskdash.progress import echo


@click.command("add-auth")
@click.option("--oidc", is_flag=True, help="Also by a provider: Keycloak, Entra ID, Google...")
@click.option(
    "--dry-run", is_flag=True, help="Print the files that would be created, and create none."
)
def command(oidc: bool, dry_run: bool) -> None:
    """Let people sign in, by a password or a link in a mail, and close the dashboard to all others.

    Admins invite people, as viewer, editor or admin; a chart with ROLES = ["editor"] is hidden from
    viewers. This adds a database (see add-database) if the project has none.

    \b
    Example:
      flaskdash add-auth
    """
    from flaskdash.generate.auth import add_auth
    from flaskdash.project import Project

    add_auth(Project.find(Path.cwd()), echo, dry_run, oidc=oidc)
    if not dry_run:
        echo("\nNext:\n  flaskdash user add YOU@EXAMPLE.COM --role admin\n")
