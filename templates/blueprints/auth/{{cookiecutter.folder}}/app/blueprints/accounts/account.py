"""Account: one's own sessions, password and address."""

from datetime import timedelta

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.blueprints.accounts import limits, passwords, sessions
from app.blueprints.accounts.emails import normal_email
from app.blueprints.accounts.models import Session, User
from app.blueprints.accounts.views import accounts, later, new_password_problem, send_token
from app.blueprints.database import db
from app.blueprints.database.models import now

__all__ = ["accounts"]  # with the views of this file
RECENT = timedelta(minutes=10)  # after a sign-in, a first password may be chosen


@accounts.get("/account")
def account() -> str:
    """Show one's own account, and where one is signed in."""
    own = sa.select(Session).where(Session.user == _me().user).order_by(Session.last_seen.desc())
    rows = db.session.scalars(own).all()
    return render_template("accounts/account.html", title="Account", me=_me(), sessions=rows)


@accounts.post("/account/password")
def change_password() -> BaseResponse:
    """Change one's password, and sign out everywhere else."""
    user, password = _me().user, request.form.get("password", "")
    if user.password:
        _check_old_password(user)
    elif now() > _me().created + RECENT:
        return _back("Sign in again with a link first: then you can choose a password.")
    if problem := new_password_problem(password, user):
        return _back(problem)
    user.password = passwords.hash_password(password)
    sessions.record("password changed", user.email)
    sessions.end_all(user)
    flash("Your password was changed. You are signed out everywhere else.")
    return sessions.start(user, redirect(url_for("accounts.account")))


@accounts.post("/account/email")
def change_email() -> BaseResponse:
    """Send a link to a new address, which changes it."""
    user, email = _me().user, normal_email(request.form.get("email", ""))
    _check_old_password(user)
    if not email:
        return _back("This is not an e-mail address.")
    if db.session.scalar(sa.select(User).where(User.email == email)) is None:
        send_token(user, "mail", email)
    db.session.commit()
    return _back("A mail with a link is on its way to the new address.")


@accounts.post("/account/sessions/end")
def end_sessions() -> BaseResponse:
    """Sign out in one browser, or everywhere."""
    me, chosen = _me(), request.form.get("id", "")
    sessions.record("sessions ended", me.user.email)
    if not chosen:
        sessions.end_all(me.user)
        return sessions.end(redirect(url_for("accounts.sign_in")))
    own = sa.delete(Session).where(Session.id == chosen, Session.user_id == me.user_id)
    db.session.execute(own)
    db.session.commit()
    return redirect(url_for("accounts.account"))


def _me() -> Session:
    signed_in = sessions.current() or abort(401)
    return db.session.get(Session, signed_in.session_id) or abort(401)


def _check_old_password(user: User) -> None:
    if seconds := limits.wait_seconds(user.email):
        abort(later(seconds))
    if user.password and not passwords.matches(request.form.get("old", ""), user.password):
        abort(_back("The old password is wrong."))
    limits.succeeded(user.email)


def _back(text: str) -> BaseResponse:
    flash(text)
    return redirect(url_for("accounts.account"))
