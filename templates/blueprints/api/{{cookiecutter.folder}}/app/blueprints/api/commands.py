"""Commands: `flask key` makes, lists and revokes the keys of programs."""

from datetime import timedelta
from importlib.util import find_spec

import click
import sqlalchemy as sa
from flask.cli import AppGroup, with_appcontext

from app.blueprints.api import keys
from app.blueprints.api.models import ROLES, SCOPES, Key
from app.blueprints.database import db, release
from app.blueprints.database.models import now

# The table may not be there yet.
key = AppGroup("key", help="Manage the keys of programs.", callback=with_appcontext(release))


@key.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), default=["read"])
@click.option("--role", type=click.Choice(ROLES), default=ROLES[0], show_default=True)
@click.option("--user", "owner", default="", help="The user whose rows it may read.")
@click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", help="For visible(user).")
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True)
def add(
    name: str, scopes: tuple[str, ...], role: str, owner: str, facts: tuple[str, ...], days: int
) -> None:
    """Make a key, and print it: it is shown once."""
    if owner and not find_spec("app.blueprints.accounts"):
        raise click.ClickException("There are no users: flaskdash add-auth")
    if db.session.scalar(sa.select(Key).where(Key.name == name)):
        raise click.ClickException(f"{name} is a key already: flask key revoke {name}")
    pairs = dict(fact.partition("=")[::2] for fact in facts)
    values = {"name": name, "scopes": " ".join(scopes), "role": role, "owner": owner}
    new, secret = keys.make(**values, facts=pairs, expires=now() + timedelta(days=days))
    db.session.add(new)
    keys.record("key added", name)
    db.session.commit()
    click.echo(
        f"{secret}\n\nStore it now: it is not shown again. It expires on {new.expires:%Y-%m-%d}."
    )


@key.command("list")
def list_keys() -> None:
    """List the keys, with what they may read."""
    for each in db.session.scalars(sa.select(Key).order_by(Key.name)):
        used = f"used {each.last_used:%Y-%m-%d %H:%M}" if each.last_used else "never used"
        state = "expired" if each.expires < now() else f"until {each.expires:%Y-%m-%d}"
        click.echo(
            f"{each.name:24} {each.role:8} {each.scopes:12} {state:18} {used} {each.owner}".rstrip()
        )


@key.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Delete a key: programs that send it are refused at once."""
    each = db.session.scalar(sa.select(Key).where(Key.name == name))
    if each is None:
        raise click.ClickException(f"There is no key {name}: flask key list")
    db.session.delete(each)
    keys.record("key revoked", name)
    db.session.commit()
    click.echo(f"{name} is revoked.")
