"""See as: an admin opens the dashboard as another user, or as one with a role, and changes nothing."""

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, redirect, request, url_for
from flask.ctx import RequestContext
from werkzeug.wrappers import Response

from app.blueprints.accounts import sessions
from app.blueprints.accounts.guard import requires, shown_user
from app.blueprints.accounts.models import ROLES, Session, User, roles_up_to
from app.blueprints.database import db
from app.engine import get_engine
from app.engine.visitor import Visitor

see_as = Blueprint("see_as", __name__, url_prefix="/people/see-as")


@see_as.post("")
@requires("admin")
def start() -> Response:
    """Show the dashboard as a user, or a role, sees it, until the admin stops it."""
    me, name = sessions.current() or abort(401), request.form.get("who", "")
    if name not in ROLES and shown_user(name) is None:
        abort(404, "There is no such user.")
    sessions.record("see as", name)
    _store(me.session_id, name)
    return redirect(url_for("pages.dashboard"))


@see_as.post("/end")
def end() -> Response:
    """Show the dashboard as the admin sees it again."""
    me = sessions.current() or abort(401)
    if me.seen_as:
        sessions.record("see as ended", me.seen_as)
        _store(me.session_id, "")
    return redirect(url_for("people.index" if me.role == "admin" else "pages.dashboard"))


def _store(session_id: str, name: str) -> None:
    statement = sa.update(Session).where(Session.id == session_id)
    db.session.execute(statement.values(seen_as=name))
    db.session.commit()


def who_sees(loader: str = "") -> list[list[str]]:
    """Return a table: each dashboard by role, then the rows of each loader by user."""
    engine = get_engine()
    if loader and loader not in engine.data:
        raise KeyError(loader)
    for data in engine.data.values():
        data.build()  # if it is old: counts need a snapshot
    table = [["dashboard", *ROLES]]
    titles = dict.fromkeys(title for chart in engine.charts.values() for title in chart.dashboards)
    for title in titles:
        counts = [len(_charts(title, User(email=role, role=role))) for role in ROLES]
        table.append([title, *(f"{count} chart{'s' * (count != 1)}" for count in counts)])
    users = db.session.scalars(sa.select(User).where(~User.disabled).order_by(User.email)).all()
    table.append([])
    table.append(["loader", "user", "role", "rows"])
    for name, data in engine.data.items():
        if loader in ("", name):
            restricted = data.loader.visible is not None
            listed = users if restricted else [User(email="everybody", role=ROLES[0])]
            table += [[name, user.email, user.role, _rows(name, user)] for user in listed]
    return table


def _charts(title: str, user: User) -> list[str]:
    with _request_of(user):
        return [chart.slug for chart in get_engine().charts_on(title)]


def _rows(name: str, user: User) -> str:
    data = get_engine().data[name]
    with _request_of(user):
        passed = data.count()
    return f"{passed:,} of {data.count():,}"


def _request_of(user: User) -> RequestContext:
    """Return a request that a user sends."""
    return current_app.test_request_context(
        environ_overrides={"app.visitor": Visitor(roles_up_to(user.role), user)}
    )
