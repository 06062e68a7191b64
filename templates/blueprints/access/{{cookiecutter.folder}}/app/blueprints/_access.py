"""Access: who may write, in the parts of this folder that take data from people."""

from flask import Flask, abort, current_app, request
from flask_wtf import CSRFProtect  # type: ignore[import-untyped]

WRITERS = {"editor", "admin"}  # the roles of accounts that may write, if there are accounts


def protect(app: Flask) -> None:
    """Refuse each POST of the app without the token that its own pages have."""
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # as long as the session
    if "csrf" not in app.extensions:
        CSRFProtect(app)


def may_write() -> bool:
    """Return whether the visitor may change data: everybody may if the app has no accounts."""
    find_visitor = current_app.extensions.get("visitor")
    if find_visitor is None:
        return True
    visitor = request.environ.get("app.visitor") or find_visitor()
    return visitor.roles is None or not WRITERS.isdisjoint(visitor.roles)


def require_writer() -> None:
    """Answer with 403 if the visitor may not change data."""
    if not may_write():
        abort(403, "Only editors and admins may change this.")
