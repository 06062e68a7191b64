"""Models: the keys of programs."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.blueprints.database import Model
from app.blueprints.database.models import now

ROLES = ("viewer", "editor", "admin")  # as those of accounts
SCOPES = ("read", "query")  # rows of loaders and charts; SQL of one's own, for assistants


def roles_up_to(role: str) -> frozenset[str]:
    """Return a role, and the lesser ones."""
    return frozenset(ROLES[: ROLES.index(role) + 1])


class Key(Model):
    """A program that may read. It sends a secret, of which this has a digest."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80), unique=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    scopes: Mapped[str] = mapped_column(sa.String(80), default="read")  # separated by blanks
    role: Mapped[str] = mapped_column(sa.String(20), default="viewer")
    owner: Mapped[str] = mapped_column(sa.String(254), default="")  # the user whose rights it has
    facts: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)  # for visible(user)
    created: Mapped[datetime] = mapped_column(default=now)
    expires: Mapped[datetime]
    last_used: Mapped[datetime | None]
