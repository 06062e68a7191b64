"""Visitor: who sends a request, which charts they may see, and how safe their cookies must be."""

from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from secrets import compare_digest
from typing import Any

from flask import Flask, current_app, has_request_context, request
from flask.globals import request_ctx
from flask.sessions import NullSession, SecureCookieSessionInterface, SessionMixin


@dataclass(frozen=True)
class Visitor:
    """What answers may depend on: two visitors with equal roles and keys share the cached ones."""

    roles: frozenset[str] | None = None  # None: every chart is shown
    user: Any = None
    key: Hashable = ""

    def may_see(self, roles: Collection[str]) -> bool:
        """Return whether what has these roles is shown; charts without ROLES are shown to all."""
        return self.roles is None or not roles or not self.roles.isdisjoint(roles)


ANYBODY = Visitor(frozenset())


def visitor() -> Visitor:
    """Return who sends this request, as the function at app.extensions["visitor"] says.

    Without that function, everybody is the same, and has no role.
    """
    if not has_request_context():
        return Visitor()  # a command
    current = request.environ.get("app.visitor")
    if not isinstance(current, Visitor):
        hook: Callable[[], Visitor] = current_app.extensions.get("visitor", lambda: ANYBODY)
        current = request.environ["app.visitor"] = Visitor() if is_check() else hook()
    return current


def is_check() -> bool:
    """Return whether `flaskdash check` or a test sends this request: it knows CHECK_TOKEN."""
    token: str = current_app.config["CHECK_TOKEN"]
    sent = token and request.headers.get("X-Check-Token", "")
    return bool(token) and compare_digest(sent.encode(), token.encode())


def is_personal() -> bool:
    """Return whether an answer may be for one visitor alone, and no function says for whom."""
    has_hook = "visitor" in current_app.extensions
    return not has_hook and (current_session().accessed or "Authorization" in request.headers)


@contextmanager
def watch_session() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether flask.session was used since."""
    session = current_session()
    before, session.accessed = session.accessed, False
    try:
        yield lambda: session.accessed
    finally:
        session.accessed = session.accessed or before


def current_session() -> SessionMixin:
    """Return the session; flask.session would note that it was used."""
    session = request_ctx._session
    return NullSession() if session is None else session  # an empty one is false


def comes_from_proxy() -> bool:
    """Return whether a proxy may have sent this request: from a private address, or a socket."""
    try:
        return ip_address(request.remote_addr or "").is_private
    except ValueError:
        return True  # a Unix socket


def uses_tls() -> bool:
    """Return whether the browser uses TLS, as the request or a proxy says."""
    reported = comes_from_proxy() and request.headers.get("X-Forwarded-Proto", "")
    return request.is_secure or reported == "https"


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions in a cookie that is Secure, unless the browser says that it uses http.

    The scheme of the request proves nothing: a proxy that ends TLS may not mention it. But a form
    has the Origin that the browser sees, and browsers send Sec-Fetch-Site over TLS.
    """

    def get_cookie_secure(self, app: Flask) -> bool:
        origin = request.headers.get("Origin")
        is_plain = origin == f"http://{request.host}" and "Sec-Fetch-Site" not in request.headers
        return bool(app.config["SESSION_COOKIE_SECURE"]) and not is_plain
