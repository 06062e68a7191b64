"""Accounts: whoever is invited signs in, by a password or a link in a mail; all else is closed.

README.md beside this file says how to open a page of your own, and which settings there are.
"""

import os
from pathlib import Path

from flask import Flask, Response, current_app, request
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]

from app.blueprints.accounts import guard, sessions
from app.blueprints.accounts.account import accounts
from app.blueprints.accounts.commands import user
from app.blueprints.accounts.guard import public, requires
from app.blueprints.accounts.people import people
from app.blueprints.accounts.see_as import end, see_as
from app.blueprints.accounts.views import show_mails, sign_out
from app.blueprints.database import add_migrations, db

__all__ = ["init_app", "public", "requires"]


class FormCheck(CSRFProtect):  # type: ignore[misc]
    """Refuses forms that no page of this app had; what only reads is not even looked at."""

    def protect(self, apply_exemptions: bool = False) -> None:
        if request.method in current_app.config["WTF_CSRF_METHODS"]:
            super().protect(apply_exemptions)


csrf = FormCheck()


def init_app(app: Flask) -> None:
    """Close the app to those who have not signed in, and add the pages to sign in."""
    app.config.setdefault("SESSION_DAYS", 90)  # until one has to sign in again
    app.config.setdefault("SESSION_IDLE_HOURS", 24 * 14)  # likewise, without a request
    app.config.setdefault("PROXIES", int(os.environ.get("PROXIES", "1")))  # see limits.py
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # as long as the session
    if os.environ.get("MAIL_URL") and not (app.debug or os.environ.get("SITE_URL")):
        raise RuntimeError("MAIL_URL needs SITE_URL: https://... for the links. See its README.md.")
    add_migrations(app, "accounts", Path(__file__).with_name("migrations"))
    app.extensions["visitor"] = guard.visitor
    app.before_request(guard.check_request)  # before the form is read that CSRFProtect looks into
    csrf.init_app(app)
    csrf.exempt(sign_out)  # its button is on cached pages; SameSite and the Origin protect it
    app.register_blueprint(accounts)
    app.register_blueprint(people)
    app.register_blueprint(see_as)
    csrf.exempt(end)  # likewise
    if app.debug or app.testing:
        app.add_url_rule("/dev/mail", view_func=show_mails)
    app.cli.add_command(user)
    # Nobody may store a page whose view does not say who may; static files say it.
    app.config["SECURITY_HEADERS"] = app.config["SECURITY_HEADERS"] | {"Cache-Control": "no-store"}
    app.after_request(_record_export)
    app.add_template_global(lambda: sessions.current() is not None, "is_signed_in")
    app.add_template_global(guard.seen_as)


def _record_export(response: Response) -> Response:
    """Add a line to the audit if somebody takes data away as a file."""
    if response.headers.get("Content-Disposition", "")[:10] == "attachment" and sessions.current():
        db.session.rollback()  # else SQLite might refuse to write, after it was read
        sessions.record("export", request.full_path.rstrip("?"))
        db.session.commit()
    return response
