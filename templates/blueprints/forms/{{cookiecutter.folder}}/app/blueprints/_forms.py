"""What the forms in this folder share: their checks, and a page of rows."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import current_app, request
from wtforms.fields import SelectChoice  # type: ignore[import-untyped]
from wtforms.validators import ValidationError  # type: ignore[import-untyped]

from app.blueprints.database import db
from app.engine.models import View
from app.engine.tables import Page

BLANK = SelectChoice("", "Choose...")
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def clean(text: str | None) -> str | None:
    """Return a text without space around it; None if nothing is left."""
    return (text or "").replace("\0", "").strip() or None


class TwoDecimals:
    """Checks that an amount has no more than two digits after the point."""

    def __call__(self, _form: object, field: Any) -> None:
        amount: Decimal | None = field.data
        if amount is not None and amount != round(amount, 2):
            raise ValidationError("Write at most two digits after the point.")


def find_rows(model: type[Any], columns: Sequence[str]) -> Page:
    """Return the rows that the URL asks for: ?find=tea&sort=price&desc=1&page=2.

    By default the newest come first.
    """
    view = View.from_query(request.args, "")
    query = sa.select(model)
    if view.find:
        texts = [sa.cast(getattr(model, name), sa.String) for name in columns]
        query = query.where(sa.or_(*(text.icontains(view.find, autoescape=True) for text in texts)))
    total = db.session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    size = current_app.config["TABLE_ROWS"]
    view = view.within(columns, -(-total // size))
    if view.sort:
        column = getattr(model, view.sort)
        query = query.order_by(column.desc() if view.desc else column.asc())
    query = query.order_by(model.id.desc()).offset((view.page - 1) * size).limit(size)
    return Page(view, db.session.scalars(query).all(), total, size, tuple(columns))
