"""Passkeys: sign-in by a device that knows its owner, without a password. README.md says how."""

from pathlib import Path

from flask import Flask

from app.blueprints.accounts.commands import user
from app.blueprints.database import add_migrations
from app.blueprints.passkeys.commands import list_passkeys
from app.blueprints.passkeys.views import own_passkeys, passkeys

__all__ = ["init_app"]


def init_app(app: Flask) -> None:
    """Add passkeys to the pages of accounts, and the command `flask user passkeys`."""
    add_migrations(app, "passkeys", Path(__file__).with_name("migrations"))
    app.register_blueprint(passkeys)
    app.add_template_global(own_passkeys)
    user.add_command(list_passkeys)
