"""`flaskdash add-auth`: let people sign in, and close the rest."""

import re
from dataclasses import replace
from pathlib import Path

import click

from flaskdash.progress import echo


@click.command("add-auth")
@click.option("--oidc", is_flag=True, help="Also by a provider: Keycloak, Entra ID, Google...")
@click.option("--passkeys", is_flag=True, help="Also by passkeys: a phone, a security key...")
@click.option(
    "--proxy-header",
    metavar="NAME",
    help="Also by a proxy, whose header has the name: X-Forwarded-User...",
)
@click.option(
    "--dry-run", is_flag=True, help="Print the files that would be created, and create none."
)
def command(oidc: bool, passkeys: bool, proxy_header: str | None, dry_run: bool) -> None:
    """Let people sign in, by a password or a link in a mail, and close the dashboard to all others.

    Admins invite people, as viewer, editor or admin; a chart with ROLES = ["editor"] is hidden from
    viewers. This adds a database (see add-database) if the project has none.

    \b
    Example:
      flaskdash add-auth
    """
    from flaskdash.errors import FlaskdashError
    from flaskdash.generate.backend import AUTH, OIDC, PASSKEYS, PROXY, add_with_database
    from flaskdash.generate.parts import add_part
    from flaskdash.project import Project

    if proxy_header is not None and not re.fullmatch(r"[A-Za-z]+(-[A-Za-z0-9]+)+", proxy_header):
        raise FlaskdashError(
            f"--proxy-header is {proxy_header!r}, which is not the name of such a header. Nothing was"
            " written. Use the one that your proxy sets.",
            hint="flaskdash add-auth --proxy-header X-Forwarded-User",
        )
    project = Project.find(Path.cwd())
    add_with_database(project, AUTH, echo, dry_run)
    if oidc:
        add_part(project, OIDC, echo, dry_run)
    if passkeys:
        add_part(project, PASSKEYS, echo, dry_run)
    if proxy_header:
        add_part(project, replace(PROXY, answers={"header": proxy_header}), echo, dry_run)
    if not dry_run:
        echo("\nNext:\n  flaskdash user add YOU@EXAMPLE.COM --role admin\n")
