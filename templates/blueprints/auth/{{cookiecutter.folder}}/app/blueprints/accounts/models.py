"""Models: users, their sessions, links in mails, failed attempts, and the audit."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.blueprints.database import Model, db
from app.blueprints.database.models import now

ROLES = ("viewer", "editor", "admin")  # each may do what those before it may


def roles_up_to(role: str) -> frozenset[str]:
    """Return a role, and the lesser ones."""
    return frozenset(ROLES[: ROLES.index(role) + 1])


class User(Model):
    """Somebody who may sign in, by the address of their mailbox."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    role: Mapped[str] = mapped_column(sa.String(20), default=ROLES[0])
    password: Mapped[str] = mapped_column(sa.String(200), default="")  # a hash; "": none is set
    disabled: Mapped[bool] = mapped_column(default=False)
    facts: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)  # {"region": "North"}
    created: Mapped[datetime] = mapped_column(default=now)


class Session(Model):
    """A browser that is signed in. Its cookie holds the id, of which this is a digest."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    created: Mapped[datetime] = mapped_column(default=now)
    last_seen: Mapped[datetime] = mapped_column(default=now)
    address: Mapped[str] = mapped_column(sa.String(45))
    agent: Mapped[str] = mapped_column(sa.String(200))
    seen_as: Mapped[str] = mapped_column(sa.String(254), default="")  # the user or role: see_as.py


class Token(Model):
    """A link in a mail, which works once: the id is a digest of what the link has."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    purpose: Mapped[str] = mapped_column(sa.String(20))  # invite, reset, link, or mail
    email: Mapped[str] = mapped_column(sa.String(254), default="")  # the new one, for mail
    expires: Mapped[datetime]


class Identity(Model):
    """A user as a provider knows them, by a name that never changes: for the part oidc."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user: Mapped[User] = relationship()


class Attempt(Model):
    """Failed attempts in a row: of an account from an address, of an account, or of an address."""

    __tablename__ = "attempts"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    last: Mapped[datetime] = mapped_column(default=now)


class Event(Model):
    """A line of the audit: what happened, by whom, about whom. It is never changed."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[datetime] = mapped_column(default=now)
    action: Mapped[str] = mapped_column(sa.String(40))
    by: Mapped[str] = mapped_column(sa.String(254), default="")
    about: Mapped[str] = mapped_column(sa.String(254), default="")
    address: Mapped[str] = mapped_column(sa.String(45), default="")


@sa.event.listens_for(Event, "before_update")
@sa.event.listens_for(Event, "before_delete")
def _refuse(_mapper: Any, _connection: Any, event: Event) -> None:
    raise TypeError(f"The audit is append-only: line {event.id}.")


def count_rows(statement: sa.Update | sa.Delete) -> int:
    """Run a statement; return how many rows it changed or deleted."""
    result = db.session.execute(statement)
    return result.rowcount if isinstance(result, sa.CursorResult) else 0
