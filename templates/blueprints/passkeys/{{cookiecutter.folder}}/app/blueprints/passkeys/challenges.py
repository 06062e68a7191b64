"""Challenges: what a passkey has to sign. Each works once, for a while, and in one browser."""

import secrets
import time
from datetime import timedelta

import sqlalchemy as sa
from flask import session
from sqlalchemy.exc import IntegrityError
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from app.blueprints.accounts.sessions import digest
from app.blueprints.database import db
from app.blueprints.database.models import now
from app.blueprints.passkeys.models import UsedChallenge

LIFE = timedelta(minutes=5)


def issue(purpose: str) -> bytes:
    """Return a new challenge; the session cookie, which is signed, holds it until it is used."""
    challenge = secrets.token_bytes(32)
    expires = time.time() + LIFE.total_seconds()
    session["passkey"] = [purpose, bytes_to_base64url(challenge), expires]
    return challenge


def spend(purpose: str) -> bytes | None:
    """Use up the challenge of this browser; return None if it has none, or an old or used one.

    The cookie alone would not do: whoever has a copy of it could send an answer again.
    """
    issued_for, challenge, expires = session.pop("passkey", ("", "", 0))
    if issued_for != purpose or time.time() > expires:
        return None
    db.session.execute(sa.delete(UsedChallenge).where(UsedChallenge.expires < now()))
    db.session.add(UsedChallenge(id=digest(challenge), expires=now() + LIFE))
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return None
    return base64url_to_bytes(challenge)
