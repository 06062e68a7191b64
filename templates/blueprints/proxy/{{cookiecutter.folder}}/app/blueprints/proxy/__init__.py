"""Proxy: whom a header of a trusted proxy names is signed in. README.md has the settings."""

import logging
import os
from ipaddress import ip_address, ip_network

import sqlalchemy as sa
from flask import Flask, abort, current_app, request
from sqlalchemy.exc import IntegrityError, OperationalError

from app.blueprints.accounts import sessions
from app.blueprints.accounts.emails import normal_email
from app.blueprints.accounts.guard import HEALTH
from app.blueprints.accounts.limits import client_address
from app.blueprints.accounts.models import ROLES, Event, Session, User
from app.blueprints.database import db

HEADER = "{{ cookiecutter.header }}"
log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Sign in whom the header names, before accounts look who it is."""
    trusted = os.environ.get("PROXY_FROM") or "127.0.0.0/8,::1"
    app.config.setdefault("PROXY_FROM", [ip_network(part.strip()) for part in trusted.split(",")])
    app.config.setdefault("PROXY_DOMAIN", os.environ.get("PROXY_DOMAIN") or "localhost")
    app.config.setdefault("PROXY_NEW_USERS", os.environ.get("PROXY_NEW_USERS") != "0")
    app.before_request_funcs.setdefault(None, []).insert(0, follow)
    if address := os.environ.get("PROXY_SIGN_OUT"):
        app.extensions["sign_out_url"] = lambda _: address


def follow() -> None:
    """Let the session of the user in the header count, whatever cookies there are.

    It has no cookie: a request without the header is not signed in by it.
    """
    endpoint = request.endpoint or ""
    if HEADER not in request.headers or not is_trusted():
        return
    if endpoint in HEALTH or endpoint.split(".")[-1] == "static":
        return
    email = named_user()
    session_id = request.environ["app.session"] = f"proxy-{sessions.digest(email)[6:]}"
    sessions.forget()
    try:
        if email and sessions.current() is None:
            open_session(session_id, email)
        is_signed_in = sessions.current() is not None
    except OperationalError as error:
        log.warning("%s. If it is a table: flask db upgrade", error.orig)
        abort(503, "The database does not answer. Try again.")
    view = current_app.view_functions.get(endpoint)
    if not is_signed_in and not getattr(view, "is_public", False):
        log.warning("%s names somebody who has no account: %.200r", HEADER, email)
        abort(403, "You have no account here. Ask an admin to invite you.")


def is_trusted() -> bool:
    """Return whether the request comes from an address that may say who the user is."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(address in network for network in current_app.config["PROXY_FROM"])


def named_user() -> str:
    """Return the address that the header has, or makes with PROXY_DOMAIN; empty if it is none."""
    name = request.headers[HEADER]
    return normal_email(name if "@" in name else f"{name}@{current_app.config['PROXY_DOMAIN']}")


def open_session(session_id: str, email: str) -> None:
    """Begin the session of a user, who is made at first sight if that is allowed."""
    db.session.rollback()
    # First of all a statement that writes: SQLite may refuse one after it was read.
    db.session.execute(sa.delete(Session).where(Session.id == session_id))
    user = db.session.scalar(sa.select(User).where(User.email == email))
    if user is None and current_app.config["PROXY_NEW_USERS"]:
        user = User(email=email, role=ROLES[0])
    if user is None or user.disabled:
        db.session.rollback()
        return
    address, agent = client_address(), request.headers.get("User-Agent", "")[:200]
    db.session.add(Session(id=session_id, user=user, address=address, agent=agent))
    db.session.add(Event(action="sign-in by proxy", by=email, about=email, address=address))
    try:
        db.session.commit()
    except IntegrityError:  # another request of the same user was quicker
        db.session.rollback()
    sessions.forget()
