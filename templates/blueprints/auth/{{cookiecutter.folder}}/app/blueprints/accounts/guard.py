"""Guard: every page is closed to those who have not signed in, unless it is marked @public."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import abort, current_app, redirect, request, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response

from app.blueprints.accounts import sessions
from app.blueprints.accounts.models import ROLES, User, roles_up_to
from app.blueprints.database import db
from app.engine.visitor import ANYBODY, Visitor, comes_from_proxy, is_check

log = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., Any])
HEALTH = {"health.up", "health.ready"}  # open, like static files
LARGEST_FORM = 2**16  # bytes, of what those may send who have not signed in


def public(view: View) -> View:
    """Open a view to everybody: write it below @pages.get(...)."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def requires(role: str) -> Callable[[View], View]:
    """Open a view to those with a role alone: write it below @pages.get(...)."""

    def mark(view: View) -> View:
        view.role = role  # type: ignore[attr-defined]
        return view

    return mark


def visitor() -> Visitor:
    """Return who sends the request: answers are cached by the roles, and not by the person."""
    signed_in = sessions.current()
    if signed_in is None:
        return ANYBODY
    name = seen_as()
    user = (shown_user(name) if name else None) or signed_in
    return Visitor(roles_up_to(user.role), user, name)


def seen_as() -> str:
    """Return the user or the role that an admin sees the dashboard as; empty if it is nobody."""
    signed_in = sessions.current()
    return str(signed_in.seen_as) if signed_in and signed_in.role == "admin" else ""


def shown_user(name: str) -> User | None:
    """Return a user by their address, or somebody with a role; None if there is no such user."""
    if name in ROLES:
        return User(email="", role=name, facts={})
    return db.session.scalar(sa.select(User).where(User.email == name, ~User.disabled))


def check_request() -> Response | None:
    """Refuse what a visitor may not see or do; lead them to the sign-in page if that helps."""
    method, endpoint = request.method, request.endpoint or ""
    if method not in {"GET", "HEAD", "OPTIONS"}:
        _check_origin()
    if endpoint in HEALTH or endpoint.split(".")[-1] == "static":
        return None
    view = current_app.view_functions.get(endpoint)
    try:
        signed_in = sessions.current()
    except OperationalError as error:
        log.warning("%s. If it is a table: flask db upgrade", error.orig)
        abort(503, "The database does not answer. Try again.")
    if signed_in is None:
        request.max_content_length = LARGEST_FORM
    only_reads = method in {"GET", "HEAD"}
    may_check = (only_reads or current_app.testing) and is_check()
    if getattr(view, "is_public", False) or may_check:
        return None
    if signed_in is None:
        return _ask_to_sign_in()
    name = "" if only_reads else seen_as()
    if name and endpoint != "see_as.end":
        abort(403, f"You see the dashboard as {name}. Stop that before you change something.")
    if (role := getattr(view, "role", "")) and role not in (visitor().roles or ()):
        abort(403, f"This page is for those with the role {role}.")
    return None


def _ask_to_sign_in() -> Response:
    is_page = "text/html" in request.headers.get("Accept", "")
    if request.method != "GET" or not is_page or request.headers.get("Sec-Fetch-Mode") == "cors":
        abort(401, "Sign in first.")
    next_page = request.full_path.rstrip("?")
    return redirect(url_for("accounts.sign_in", next=next_page if next_page != "/" else None))


def _check_origin() -> None:
    """Refuse forms that another site sends, as far as the browser says."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    hosts = {request.host, comes_from_proxy() and request.headers.get("X-Forwarded-Host")}
    is_own = site in {"same-origin", "none"} if site else urlsplit(origin or "").netloc in hosts
    if (site or origin) and not is_own:
        abort(403, "This form was sent by another site.")


def next_page() -> str:
    """Return the page to go on to: of this site alone, so a path and nothing else."""
    path = request.values.get("next", "")
    if path.startswith("/") and path[1:2] not in {"/", "\\"} and path.isprintable():
        return request.root_path + path
    return url_for("pages.dashboard")
