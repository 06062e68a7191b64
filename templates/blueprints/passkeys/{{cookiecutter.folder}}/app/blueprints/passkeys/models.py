"""Models: passkeys, and the challenges that were used."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column
from webauthn.helpers import bytes_to_base64url

from app.blueprints.accounts.models import User
from app.blueprints.accounts.sessions import digest
from app.blueprints.database import Model, db
from app.blueprints.database.models import now


class Passkey(Model):
    """A passkey: the device of a user has the private key, and this the public one.

    Its id is a digest, as the id of the credential may be too long for an index. A foreign key
    would need the table of users first, and migrations of parts run in any order.
    """

    __tablename__ = "passkeys"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    credential: Mapped[bytes] = mapped_column(sa.LargeBinary)
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    sign_count: Mapped[int] = mapped_column(sa.BigInteger)  # 0: the device does not count
    name: Mapped[str] = mapped_column(sa.String(80))
    created: Mapped[datetime] = mapped_column(default=now)
    last_used: Mapped[datetime | None]
    user_id: Mapped[int]


class UsedChallenge(Model):
    """A challenge that was answered: until it expires, it must not be answered again."""

    __tablename__ = "passkey_challenges"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)  # its digest
    expires: Mapped[datetime]


def passkey_id(credential: bytes) -> str:
    """Return the id under which a credential is stored."""
    return digest(bytes_to_base64url(credential))


def passkeys_of(user_id: int) -> list[Passkey]:
    """Return the passkeys of a user.

    SQLite may give the id of a deleted user to a new one: older passkeys are not theirs.
    """
    query = sa.select(Passkey).join(User, User.id == Passkey.user_id)
    own = query.where(User.id == user_id, Passkey.created >= User.created)
    return [*db.session.scalars(own.order_by(Passkey.created))]
