"""Access: who may write, in the parts of this folder that take data from people."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, abort, current_app
from flask_wtf import CSRFProtect  # type: ignore[import-untyped]

from app.engine import get_engine
from app.engine.rights import ALL, rights
from app.engine.visitor import visitor

View = TypeVar("View", bound=Callable[..., Any])
WRITERS = ("editor", "admin")  # the roles of accounts that may write, if there are accounts


def protect(app: Flask) -> None:
    """Refuse each POST of the app without the token that its own pages have."""
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # as long as the session
    if "csrf" not in app.extensions:
        CSRFProtect(app)


def may_write() -> bool:
    """Return whether the visitor may change data: everybody may if the app has no accounts."""
    if "visitor" not in current_app.extensions:
        return True
    roles = visitor().roles
    return roles is None or not roles.isdisjoint(WRITERS)


def sees_all_rows(loader: str) -> bool:
    """Return whether the visitor may see all rows of a loader: its visible(user) may say no."""
    return rights(get_engine().data[loader].loader) == ALL


def require_all_rows(loader: str) -> None:
    """Keep a page that shows all rows from those who may see some of them alone."""
    if not sees_all_rows(loader):
        abort(403, "You may see some of these rows alone: the charts show them.")


def for_writers(view: View) -> View:
    """Let only those use a view who may change data: write it below @blueprint.route(...)."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not may_write():
            abort(403, "Only editors and admins may change this.")
        return view(*args, **kwargs)

    checked.role = WRITERS[0]  # type: ignore[attr-defined]  # accounts refuse those who lack it
    return cast("View", checked)
