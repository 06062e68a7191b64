"""People: the pages of admins, where they invite others, and decide what these may see."""

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.blueprints.accounts import sessions
from app.blueprints.accounts.emails import normal_email
from app.blueprints.accounts.guard import requires
from app.blueprints.accounts.models import ROLES, Event, Session, User
from app.blueprints.accounts.views import send_token
from app.blueprints.database import db

people = Blueprint("people", __name__, url_prefix="/people")


@people.get("")
@requires("admin")
def index() -> str:
    """List the users, with their roles."""
    counts = sa.select(Session.user_id, sa.func.count()).group_by(Session.user_id)
    return render_template(
        "accounts/people.html",
        title="People",
        users=db.session.scalars(sa.select(User).order_by(User.email)).all(),
        counts={row[0]: row[1] for row in db.session.execute(counts)},
        events=db.session.scalars(sa.select(Event).order_by(Event.id.desc()).limit(50)).all(),
        roles=ROLES,
    )


@people.post("/invite")
@requires("admin")
def invite() -> Response:
    """Invite somebody: the mail has a link, by which they choose a password."""
    email, role = normal_email(request.form.get("email", "")), _role()
    if not email:
        flash("This is not an e-mail address.")
        return _back()
    user = db.session.scalar(sa.select(User).where(User.email == email))
    if user is None:
        user = User(email=email, role=role)
        db.session.add(user)
        db.session.flush()
    elif user.password or user.disabled:
        flash(f"{email} has an account.")
        return _back()
    user.role = role
    link = send_token(user, "invite")
    sessions.record(f"invited as {role}", email)
    db.session.commit()
    flash(f"A mail is on its way to {email}. If it does not arrive, hand over the link: {link}")
    return _back()


@people.post("/<int(max=2147483647):number>/role")
@requires("admin")
def change_role(number: int) -> Response:
    """Give another role to somebody, who then has to sign in again."""
    user, role = _find_user(number), _role()
    sessions.record(f"role {user.role} to {role}", user.email)
    user.role = role
    sessions.end_all(user)
    db.session.commit()
    return _back()


@people.post("/<int(max=2147483647):number>/disabled")
@requires("admin")
def disable(number: int) -> Response:
    """Disable an account, which signs it out everywhere, or enable it again."""
    user = _find_user(number)
    user.disabled = not user.disabled
    sessions.record("disabled" if user.disabled else "enabled", user.email)
    sessions.end_all(user)
    db.session.commit()
    return _back()


@people.post("/<int(max=2147483647):number>/sessions/end")
@requires("admin")
def end_sessions(number: int) -> Response:
    """Sign somebody out everywhere."""
    user = _find_user(number)
    sessions.end_all(user)
    sessions.record("sessions ended", user.email)
    db.session.commit()
    return _back()


def _find_user(number: int) -> User:
    """Return a user; admins cannot change themselves, so that there is always one."""
    user = db.session.get(User, number) or abort(404, "There is no such user.")
    signed_in = sessions.current()
    if signed_in and signed_in.id == user.id:
        abort(400, "Another admin has to change your account.")
    return user


def _role() -> str:
    role = request.form.get("role", "")
    return role if role in ROLES else abort(400, "There is no such role.")


def _back() -> Response:
    return redirect(url_for("people.index"))
