"""Models: a class for each table."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Model(DeclarativeBase):
    """The base of all models."""

    metadata = sa.MetaData(  # databases name their constraints in different ways
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def now() -> datetime:
    """Return the time in UTC, without a time zone: not every database can keep one."""
    return datetime.now(UTC).replace(tzinfo=None)


class Remark(Model):
    """What somebody wrote about a chart: an example of a table. Replace it with yours."""

    __tablename__ = "remarks"

    id: Mapped[int] = mapped_column(primary_key=True)
    chart: Mapped[str] = mapped_column(sa.String(200), index=True)
    text: Mapped[str] = mapped_column(sa.Text)
    created: Mapped[datetime] = mapped_column(default=now)
