"""Models: who somebody is at a provider."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.blueprints.accounts.models import User
from app.blueprints.database import Model


class Identity(Model):
    """A user as a provider knows them: by its address and a name that never changes."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user: Mapped[User] = relationship()
