"""Keys: which program sends a request, and what it may read."""

import secrets
from datetime import timedelta
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import sqlalchemy as sa
from flask import abort, current_app, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from app.blueprints.api.limits import check_limit
from app.blueprints.api.models import Key, roles_up_to
from app.blueprints.database import db
from app.blueprints.database.models import now
from app.engine import get_engine
from app.engine.query import Data
from app.engine.visitor import ANYBODY, Visitor, is_check

PREFIX = "fd_"  # so that tools recognise a key that leaked
NOTE_EVERY = timedelta(minutes=5)  # between two notes of when a key was used
MISSING = "Send a key: Authorization: Bearer fd_... `flask key add NAME` makes one."
WRONG = "This key is unknown, revoked or expired."


def check() -> None:
    """Refuse a request without a valid key, or of a key that sends too many."""
    if request.method in {"GET", "HEAD"} and (is_check() or _is_description_for_people()):
        return
    key = _find()
    g.api_key = key
    request.environ["app.visitor"] = Visitor(roles_up_to(key.role), key)
    if key.owner:
        user = _user(key.owner)
        request.environ["app.visitor"] = Visitor(roles_up_to(user.role) & roles_up_to(key.role), user)
    db.session.expunge_all()  # the key and its owner stay as they were read
    db.session.rollback()  # an answer may take long: let others write
    check_limit(key.digest)


def _is_description_for_people() -> bool:
    """Return whether somebody without a key opens the description, which shows names of columns."""
    if request.endpoint == "api.openapi" and "Authorization" not in request.headers:
        hook = current_app.extensions.get("visitor")
        return hook is None or hook() != ANYBODY
    return request.endpoint == "api.docs"  # accounts ask to sign in


def require_scope(scope: str) -> None:
    """Refuse a key that lacks a scope."""
    key: Key | None = g.get("api_key")
    if key is not None and scope not in key.scopes.split():
        abort(403, f"This key lacks the scope {scope}.")


def readable() -> dict[str, Data]:
    """Return the data sets that the key may read: not those whose charts are all hidden from it."""
    engine = get_engine()
    charted, visible = (
        {name for chart in charts.values() for name in chart.data}
        for charts in (engine.charts, engine.visible)
    )
    return {name: data for name, data in engine.data.items() if name in visible | ({name} - charted)}


def check_readable(name: str) -> str:
    """Return the name of a data set; if the key may not read it, answer with 404."""
    return name if name in readable() else abort(404, "There is no such data set.")


def make(**values: Any) -> tuple[Key, str]:
    """Return a new key, and its secret, which is shown once."""
    secret = PREFIX + secrets.token_urlsafe(32)
    return Key(digest=_digest(secret), **values), secret


def record(action: str, name: str) -> None:
    """Add a line to the audit of accounts, if there are any."""
    if find_spec("app.blueprints.accounts"):
        import_module("app.blueprints.accounts.sessions").record(action, name)


def _find() -> Key:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise _unauthorized(MISSING)
    key = db.session.scalar(sa.select(Key).where(Key.digest == _digest(secret.strip())))
    if key is None or key.expires < now():
        raise _unauthorized(WRONG)
    if key.last_used is None or now() > key.last_used + NOTE_EVERY:
        number, name, last_used = key.id, key.name, key.last_used
        db.session.rollback()  # else SQLite would refuse to write, after it was read
        if last_used is None or last_used.date() < now().date():
            record("key used", name)  # once a day
        used = sa.update(Key).where(Key.id == number).values(last_used=now())
        db.session.execute(used)
        db.session.commit()
        key = db.session.get_one(Key, number)
    return key


def _user(email: str) -> Any:
    """Return the user whose rights a key has, who may have left."""
    user = None
    if find_spec("app.blueprints.accounts"):
        model = import_module("app.blueprints.accounts.models").User
        user = db.session.scalar(sa.select(model).where(model.email == email, ~model.disabled))
    if user is None:
        raise _unauthorized(WRONG)
    return user


def _unauthorized(text: str) -> Unauthorized:
    return Unauthorized(text, www_authenticate=WWWAuthenticate("bearer", {"realm": "API"}))


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
