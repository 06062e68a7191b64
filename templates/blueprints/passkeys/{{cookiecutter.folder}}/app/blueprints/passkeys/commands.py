"""Commands: `flask user passkeys` lists the passkeys of somebody, and removes lost ones."""

import click
import sqlalchemy as sa

from app.blueprints.accounts import sessions
from app.blueprints.accounts.emails import normal_email
from app.blueprints.accounts.models import User
from app.blueprints.database import db
from app.blueprints.passkeys.models import passkeys_of


@click.command("passkeys")
@click.argument("email")
@click.option("--remove", is_flag=True, help="Remove them all, and sign the user out everywhere.")
def list_passkeys(email: str, remove: bool) -> None:
    """List the passkeys of somebody."""
    account = db.session.scalar(sa.select(User).where(User.email == normal_email(email)))
    if account is None:
        raise click.ClickException(f"{email} has no account: flask user list")
    for passkey in passkeys_of(account.id):
        used = f"used {passkey.last_used:%Y-%m-%d %H:%M}" if passkey.last_used else "never used"
        click.echo(f"{passkey.created:%Y-%m-%d %H:%M}  {used:21}  {passkey.name}")
        if remove:
            db.session.delete(passkey)
    if remove:
        sessions.record("passkeys removed", account.email)
        sessions.end_all(account)
        db.session.commit()
        click.echo(f"{account.email} has no passkeys; signed out everywhere")
