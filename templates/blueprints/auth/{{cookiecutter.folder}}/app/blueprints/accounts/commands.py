"""Commands: `flask user ...` manages users, also while the site is down."""

import click
import sqlalchemy as sa
from flask.cli import AppGroup, with_appcontext

from app.blueprints.accounts import passwords, sessions
from app.blueprints.accounts.emails import normal_email
from app.blueprints.accounts.models import ROLES, Session, User
from app.blueprints.accounts.see_as import who_sees
from app.blueprints.database import db, release

# The tables may not be there yet.
user = AppGroup("user", help="Manage who may sign in.", callback=with_appcontext(release))
a_role = click.Choice(ROLES)
by_link = click.option("--link", is_flag=True, help="Print a link to choose a password by.")


@user.command()
@click.argument("email")
@click.option("--role", type=a_role, default=ROLES[0], show_default=True)
@by_link
def add(email: str, role: str, link: bool) -> None:
    """Add somebody who may sign in."""
    if not (normal := normal_email(email)):
        raise click.ClickException(f"{email!r} is not an e-mail address.")
    if db.session.scalar(sa.select(User).where(User.email == normal)):
        raise click.ClickException(f"{normal} has an account: flask user list")
    new = User(email=normal, role=role)
    db.session.add(new)
    sessions.record(f"added as {role}", normal)
    _set_password(new, "invite" if link else "")


@user.command("list")
def list_users() -> None:
    """List who may sign in, with their roles."""
    for each in db.session.scalars(sa.select(User).order_by(User.email)):
        state = "disabled" if each.disabled else "" if each.password else "invited"
        click.echo(f"{each.email:40} {each.role:8} {state}".rstrip())


@user.command()
@click.argument("email")
@click.argument("role", type=a_role)
def role(email: str, role: str) -> None:
    """Give another role to somebody, who then has to sign in again."""
    account = _find(email)
    sessions.record(f"role {account.role} to {role}", account.email)
    account.role = role
    _end(account)


@user.command()
@click.argument("email")
@by_link
def password(email: str, link: bool) -> None:
    """Set somebody's password, and sign them out everywhere."""
    account = _find(email)
    sessions.record("password set", account.email)
    sessions.end_all(account)
    _set_password(account, "reset" if link else "")


@user.command()
@click.argument("email")
@click.option("--undo", is_flag=True, help="Enable the account again.")
def disable(email: str, undo: bool) -> None:
    """Disable an account, and sign it out everywhere."""
    account = _find(email)
    account.disabled = not undo
    sessions.record("enabled" if undo else "disabled", account.email)
    _end(account)


@user.command("sessions")
@click.argument("email")
@click.option("--end", is_flag=True, help="Sign them out everywhere.")
def list_sessions(email: str, end: bool) -> None:
    """List where somebody is signed in."""
    account = _find(email)
    for each in db.session.scalars(sa.select(Session).where(Session.user == account)):
        click.echo(f"{each.created:%Y-%m-%d %H:%M} {each.address:15} {each.agent}")
    if end:
        sessions.record("sessions ended", account.email)
        _end(account)


@user.command()
@click.argument("email")
@click.argument("facts", nargs=-1, required=True, metavar="NAME=VALUE...")
def facts(email: str, facts: tuple[str, ...]) -> None:
    """Say what visible(user) of loaders may ask about somebody: region=North. NAME= takes it back."""
    account = _find(email)
    pairs = dict(fact.partition("=")[::2] for fact in facts)
    changed = {**account.facts, **pairs}
    account.facts = {name: value for name, value in changed.items() if value}
    sessions.record("facts changed", account.email)
    db.session.commit()  # sessions go on: each request asks for the facts
    pairs_left = ", ".join(f"{name}={value}" for name, value in account.facts.items())
    click.echo(f"{account.email}: {pairs_left or 'no facts'}")


@user.command("who-sees")
@click.argument("loader", default="")
def list_rights(loader: str) -> None:
    """Print which dashboards each role sees, and how many rows each user: for a test in CI, too."""
    try:
        table = who_sees(loader)
    except KeyError as error:
        raise click.ClickException(f"There is no loader {loader}.") from error
    for row in table:
        click.echo("  ".join(f"{cell:24}" for cell in row).rstrip())


def _find(email: str) -> User:
    account = db.session.scalar(sa.select(User).where(User.email == normal_email(email)))
    if account is None:
        raise click.ClickException(f"{email} has no account: flask user list")
    return account


def _end(account: User) -> None:
    sessions.end_all(account)
    db.session.commit()
    state = account.role + ", disabled" * account.disabled
    click.echo(f"{account.email}: {state}; signed out everywhere")


def _set_password(account: User, purpose: str) -> None:
    """Ask for a password, or print a link by which it is chosen."""
    if purpose:
        db.session.flush()
        link = f"/links/{sessions.issue(account, purpose)}"
        db.session.commit()
        click.echo(f"Open this once, on the site's address: {link}")
        return
    chosen = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if problem := passwords.problem(chosen, account.email):
        raise click.ClickException(problem)
    account.password = passwords.hash_password(chosen)
    db.session.commit()
    click.echo(f"{account.email} may sign in, as {account.role}.")
