"""Sessions: who is signed in. The cookie holds a random id, and the database has the rest."""

import secrets
import sqlite3
from datetime import timedelta
from functools import cache
from hashlib import sha256
from threading import local
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from flask import current_app, has_request_context, request, session
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response

from app.blueprints.accounts.limits import client_address
from app.blueprints.accounts.models import Event, Session, Token, User, count_rows
from app.blueprints.database import db
from app.blueprints.database.models import now

NOTE_EVERY = timedelta(minutes=5)  # between two notes of when a session was seen
LIFE = {
    "invite": timedelta(days=7),
    "reset": timedelta(hours=1),
    "link": timedelta(minutes=15),
    "mail": timedelta(days=1),
}

_own = local()  # to each thread

# One row with all that each request needs.
USERS, SESSIONS = User.__table__, Session.__table__
SIGNED_IN: sa.Select[Any] = (
    sa.select(
        *USERS.columns,
        SESSIONS.c.id.label("session_id"),
        SESSIONS.c.created.label("session_created"),
        SESSIONS.c.last_seen,
        SESSIONS.c.seen_as,
    )
    .select_from(sa.join(USERS, SESSIONS))
    .where(SESSIONS.c.id == sa.bindparam("digest"), ~USERS.c.disabled)
)


def current() -> SimpleNamespace | None:
    """Return who is signed in, with the columns of User; None if nobody is."""
    known = request.environ  # several functions ask in one request; the database is asked once
    if "app.signed_in" not in known:
        known["app.signed_in"] = None  # if the database does not answer, it is not asked again
        sent = request.cookies.get(_cookie_name())
        # The part proxy says which session counts, whatever the cookie is.
        session_id = known.get("app.session") or (digest(sent) if sent else "")
        known["app.signed_in"] = _find(session_id) if session_id else None
    row: SimpleNamespace | None = known["app.signed_in"]
    return row


def forget() -> None:
    """Look into the database again, as another session counts from now on in this request."""
    request.environ.pop("app.signed_in", None)
    request.environ.pop("app.visitor", None)


def _find(session_id: str) -> SimpleNamespace | None:
    row = _read(session_id)
    if row is None:
        return None
    time, config = now(), current_app.config
    life = timedelta(days=config["SESSION_DAYS"])
    idle = timedelta(hours=config["SESSION_IDLE_HOURS"])
    if time > row.session_created + life or time > row.last_seen + idle:
        return None
    if time > row.last_seen + NOTE_EVERY:
        statement = sa.update(Session).where(Session.id == row.session_id)
        db.session.rollback()  # else SQLite might refuse to write, after it was read
        db.session.execute(statement.values(last_seen=time, address=client_address()))
        db.session.commit()
    return row


def _read(session_id: str) -> SimpleNamespace | None:
    """Return the row of a session as it is in the database now: each request asks for it.

    SQLite's driver gets the statement as it is: SQLAlchemy's part of it takes ten times as long.
    What this thread has read holds until SQLite counts a commit of any other connection.
    """
    engine = db.engine
    if engine.dialect.name != "sqlite":
        answer = db.session.connection().execute(SIGNED_IN, {"digest": session_id})
        row = answer.mappings().one_or_none()
        return SimpleNamespace(**row) if row else None
    sql, converters = _compile(engine.dialect)
    try:
        connection = _connection(engine)
        commits = connection.execute("PRAGMA data_version").fetchone()
        if commits != _own.commits:
            _own.commits, _own.rows = commits, {}
        values = _own.rows.get(session_id) or connection.execute(sql, (session_id,)).fetchone()
    except sqlite3.OperationalError as error:
        raise OperationalError(sql, None, error) from error
    if values is None:
        return None
    _own.rows[session_id] = values
    cells = zip(converters, values, strict=True)
    return SimpleNamespace(**{name: convert(v) if convert else v for (name, convert), v in cells})


def _connection(engine: sa.Engine) -> Any:
    """Return this thread's own connection to SQLite: to borrow one would take as long as to read."""
    if getattr(_own, "engine", None) is not engine:
        if hasattr(_own, "connection"):
            _own.connection.close()
        borrowed = engine.raw_connection()
        borrowed.detach()
        _own.engine, _own.connection = engine, borrowed.dbapi_connection
        _own.commits, _own.rows = None, {}
    return _own.connection


@cache
def _compile(dialect: sa.Dialect) -> tuple[str, list[tuple[str, Any]]]:
    """Return the statement in a dialect's SQL, and its columns, with what converts their values."""
    columns = SIGNED_IN.selected_columns
    types = [column.type.dialect_impl(dialect) for column in columns]
    converters = [each.result_processor(dialect, None) for each in types]
    return str(SIGNED_IN.compile(dialect=dialect)), [*zip(columns.keys(), converters, strict=True)]


def start(user: User, response: Response) -> Response:
    """Sign a user in, with a new id, and end the session that the browser had."""
    sent = secrets.token_urlsafe(32)
    _delete(Session.id == digest(request.cookies.get(_cookie_name(), "")))
    agent = request.headers.get("User-Agent", "")[:200]
    db.session.add(Session(id=digest(sent), user=user, address=client_address(), agent=agent))
    db.session.commit()
    session.clear()  # with its token against CSRF
    response.set_cookie(
        _cookie_name(),
        sent,
        max_age=86_400 * int(current_app.config["SESSION_DAYS"]),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response


def end(response: Response) -> Response:
    """Sign out, here."""
    _delete(Session.id == digest(request.cookies.get(_cookie_name(), "")))
    db.session.commit()
    session.clear()
    response.delete_cookie(_cookie_name(), secure=current_app.config["SESSION_COOKIE_SECURE"])
    return response


def end_all(user: User) -> None:
    """Sign a user out everywhere, and make the links void that were sent to them."""
    _delete(Session.user_id == user.id)
    db.session.execute(sa.delete(Token).where(Token.user_id == user.id))


def _delete(condition: sa.ColumnElement[bool]) -> None:
    db.session.execute(sa.delete(Session).where(condition))


def _cookie_name() -> str:
    """Return the name of the cookie; browsers let no other host set one that begins with __Host-."""
    return "__Host-sign-in" if current_app.config["SESSION_COOKIE_SECURE"] else "sign-in"


def issue(user: User, purpose: str, email: str = "") -> str:
    """Return the secret of a new link, which works once and for a while."""
    sent = secrets.token_urlsafe(32)
    db.session.execute(sa.delete(Token).where(Token.expires < now()))
    expires = now() + LIFE[purpose]
    db.session.add(Token(id=digest(sent), user=user, purpose=purpose, email=email, expires=expires))
    return sent


def find_token(sent: str, *purposes: str) -> Token | None:
    """Return the token of a link; None if it is unknown, used or too old."""
    token = db.session.get(Token, digest(sent))
    if token is None or token.purpose not in purposes or token.expires < now():
        return None
    return None if token.user.disabled else token


def spend(token: Token) -> bool:
    """Use a token up; return False if another request was quicker."""
    return count_rows(sa.delete(Token).where(Token.id == token.id)) == 1


def record(action: str, about: str = "") -> None:
    """Add a line to the audit."""
    if has_request_context():
        row = current()
        by, address = row.email if row else "", client_address()
    else:
        by, address = "the command line", ""
    db.session.add(Event(action=action, by=by, about=about[:254], address=address))


def digest(sent: str) -> str:
    """Return what the database has of a secret: who reads it there cannot use it."""
    return sha256(sent.encode("utf-8", "surrogatepass")).hexdigest()
