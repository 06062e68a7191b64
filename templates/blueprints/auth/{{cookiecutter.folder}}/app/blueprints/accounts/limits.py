"""Limits: whoever fails to sign in waits, longer each time; all workers count in the database."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256

import sqlalchemy as sa
from flask import current_app, request
from sqlalchemy.exc import IntegrityError

from app.blueprints.accounts.models import Attempt, Session, User, count_rows
from app.blueprints.database import db
from app.blueprints.database.models import now
from app.engine.visitor import comes_from_proxy

# Failures without a wait: of one account from one address, of an account, and of an address.
FREE = {"both": 5, "account": 20, "address": 50}
LONGEST = timedelta(minutes=15)
FORGET = timedelta(days=1)


def client_address() -> str:
    """Return the address of the client: behind a proxy on a private address, what that reports.

    Each proxy appends the address that it sees, so those before the last PROXIES may be invented.
    """
    address = request.remote_addr or ""
    reported = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if reported[-1] and comes_from_proxy():
        address = reported[-min(current_app.config["PROXIES"], len(reported))]
    return address[:45]


def wait_seconds(email: str) -> int:
    """Return how long this client must wait for another attempt at an account.

    If it is 0, the attempt counts as a failure until `succeeded` is called: many attempts at the
    same time must not pass before the first one is counted.
    """
    keys = dict(_keys(email))
    attempts = {limit: db.session.get(Attempt, key) for limit, key in keys.items()}
    pauses = [_pause(limit, attempt) for limit, attempt in attempts.items() if attempt]
    if (longest := max(pauses, default=timedelta())) > timedelta():
        return int(longest.total_seconds()) + 1
    for key in keys.values():
        _count(key)
    db.session.execute(sa.delete(Attempt).where(Attempt.last < now() - FORGET))
    db.session.commit()
    return 0


def succeeded(email: str) -> None:
    """Forget the failures of an account from here, and that this attempt was one of the address."""
    for limit, key in _keys(email):
        one_less = sa.update(Attempt).values(count=Attempt.count - 1)
        statement = one_less if limit == "address" else sa.delete(Attempt)
        db.session.execute(statement.where(Attempt.key == key))


def _pause(limit: str, attempt: Attempt) -> timedelta:
    if attempt.count < FREE[limit]:
        return timedelta()
    doublings = min(attempt.count - FREE[limit], 20)
    return attempt.last + min(timedelta(seconds=2**doublings), LONGEST) - now()


def _count(key: str) -> None:
    values = {"count": Attempt.count + 1, "last": now()}
    attempt = sa.update(Attempt).where(Attempt.key == key).values(values)
    if not count_rows(attempt):
        with suppress(IntegrityError), db.session.begin_nested():  # another may be as quick
            db.session.add(Attempt(key=key, count=1))


def _keys(email: str) -> Iterator[tuple[str, str]]:
    """Yield the limits that apply, each with its key.

    Strangers who guess must not lock out the owner of an account: an address from which the
    account is signed in is not held up by the failures of others.
    """
    address = client_address()
    known = sa.select(Session.id).join(User).where(User.email == email, Session.address == address)
    limits = {"both": f"{email} {address}", "address": address}
    if email and not db.session.scalars(known.limit(1)).first():
        limits["account"] = email
    for limit, text in limits.items():
        yield limit, sha256(f"{limit} {text}".encode()).hexdigest()
