"""Views: signing in and out, links in mails, and one's own account."""

from datetime import timedelta

import sqlalchemy as sa
from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.blueprints.accounts import limits, mail, passwords, sessions
from app.blueprints.accounts.emails import normal_email
from app.blueprints.accounts.guard import next_page, public
from app.blueprints.accounts.models import Session, Token, User
from app.blueprints.database import db
from app.blueprints.database.models import now

accounts = Blueprint("accounts", __name__, "static", "/static/accounts", "templates")
WRONG = "The e-mail address or the password is wrong."
SENT = "If this address may sign in, a mail with a link is on its way to it."
VOID = "This link was used, or is too old. Ask for a new one."
RECENT = timedelta(minutes=10)  # after it, a change of the account asks for the password


@accounts.get("/sign-in")
@public
def sign_in() -> str:
    """Show the form to sign in."""
    return render_template("accounts/sign_in.html", title="Sign in")


@accounts.post("/sign-in")
@public
def try_password() -> BaseResponse:
    """Sign in by a password; the answer is the same, and as late, if there is no such user."""
    email, password = normal_email(request.form.get("email", "")), request.form.get("password", "")
    if seconds := limits.wait_seconds(email):
        return _later(seconds)
    user = _find_user(email)
    hashed = user.password if user else ""
    db.session.rollback()  # hashing takes long: let others use the database
    if not passwords.matches(password, hashed):
        sessions.record("sign-in failed", email)
        db.session.commit()
        page = render_template("accounts/sign_in.html", title="Sign in", error=WRONG, email=email)
        return Response(page, 401)
    user = _find_user(email)
    if user is None:  # it was disabled a moment ago
        abort(401, WRONG)
    if passwords.is_outdated(hashed):
        user.password = passwords.hash_password(password)
    return _enter(user, "sign-in")


@accounts.post("/sign-in/link")
@public
def send_link() -> BaseResponse:
    """Send a link to sign in, or to choose a password; the answer is the same for everybody."""
    email = normal_email(request.form.get("email", ""))
    purpose = "reset" if request.form.get("purpose") == "reset" else "link"
    if seconds := limits.wait_seconds(email):
        return _later(seconds)
    sessions.record(f"{purpose} sent", email)
    if user := _find_user(email):
        send_token(user, purpose)
    db.session.commit()
    return _message("Look into your mailbox", SENT)


@accounts.get("/links/<token>")
@public
def open_link(token: str) -> BaseResponse:
    """Show what a link is for: programs that look into mails open links, too, and must not use it up."""
    link = sessions.find_token(token, *sessions.LIFE)
    if link is None:
        return _message("This link does not work", VOID, 410)
    is_password = link.purpose in {"invite", "reset"}
    template = "accounts/password.html" if is_password else "accounts/link.html"
    return Response(render_template(template, title="Welcome", token=link))


@accounts.post("/links/<token>")
@public
def use_link(token: str) -> BaseResponse:
    """Use a link up: sign in, set the password, or change the address."""
    link = sessions.find_token(token, *sessions.LIFE)
    if link is None:
        return _message("This link does not work", VOID, 410)
    user, purpose = link.user, link.purpose
    password = request.form.get("password", "")
    is_password = purpose in {"invite", "reset"}
    if is_password and (problem := _problem(password, user)):
        page = render_template("accounts/password.html", title="Welcome", token=link, error=problem)
        return Response(page, 400)
    hashed = passwords.hash_password(password) if is_password else user.password
    if purpose == "mail":
        return _confirm_email(link)
    if not sessions.spend(link):
        return _message("This link does not work", VOID, 410)
    user.password = hashed
    if is_password:
        sessions.end_all(user)
    return _enter(user, {"invite": "joined", "reset": "password reset"}.get(purpose, "sign-in"))


def _confirm_email(link: Token) -> BaseResponse:
    """Change an address; whoever gets a mail by mistake must not get the account with it."""
    me, email = sessions.current(), link.email
    if me is None or me.id != link.user_id:
        return _message("Sign in first", "Sign in, then open the link in the mail again.", 403)
    is_taken = db.session.scalar(sa.select(User).where(User.email == email))
    if is_taken or not sessions.spend(link):
        return _message("This link does not work", VOID, 410)
    sessions.record("address changed", f"{me.email} to {email}")
    link.user.email = email
    db.session.commit()
    return _back("Your address was changed.")


@accounts.post("/sign-out")
@public
def sign_out() -> BaseResponse:
    """Sign out."""
    if me := sessions.current():
        sessions.record("sign-out", me.email)
    return sessions.end(redirect(url_for("accounts.sign_in")))


@accounts.get("/account")
def account() -> str:
    """Show one's own account, and where one is signed in."""
    own = sa.select(Session).where(Session.user == _me().user).order_by(Session.last_seen.desc())
    return render_template(
        "accounts/account.html", title="Account", me=_me(), sessions=db.session.scalars(own).all()
    )


@accounts.post("/account/password")
def change_password() -> BaseResponse:
    """Change one's password, and sign out everywhere else."""
    user, password = _me().user, request.form.get("password", "")
    if user.password:
        _check_old_password(user)
    elif now() > _me().created + RECENT:
        return _back("Sign in again with a link first: then you can choose a password.")
    if problem := _problem(password, user):
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


def show_mails() -> str:
    """Show the mails that were not sent, while developing."""
    return render_template("accounts/mails.html", title="Mail", mails=[*mail.unsent])


show_mails.is_public = True  # type: ignore[attr-defined]


def send_token(user: User, purpose: str, email: str = "") -> str:
    """Send a mail with a link to a user, or to the address that they want; return the link."""
    link = mail.site_url() + url_for(
        "accounts.open_link", token=sessions.issue(user, purpose, email)
    )
    subject = {
        "invite": "You are invited",
        "reset": "Choose a password",
        "link": "Sign in",
        "mail": "Confirm your new address",
    }[purpose]
    life = sessions.LIFE[purpose]
    hours = life.total_seconds() / 3600
    text = f"{life.days} days" if life.days > 1 else f"{hours:g} h" if hours >= 1 else "15 minutes"
    lines = f"{subject}:\n\n{link}\n\nThe link works once, within {text}."
    mail.send(email or user.email, subject, f"{lines} If you did not expect it, ignore this mail.")
    return link


def _enter(user: User, action: str) -> BaseResponse:
    limits.succeeded(user.email)
    sessions.record(action, user.email)
    return sessions.start(user, redirect(next_page()))


def _find_user(email: str) -> User | None:
    return db.session.scalar(sa.select(User).where(User.email == email, ~User.disabled))


def _me() -> Session:
    signed_in = sessions.current() or abort(401)
    return db.session.get(Session, signed_in.session_id) or abort(401)


def _problem(password: str, user: User) -> str:
    if password != request.form.get("again", password):
        return "The two passwords differ."
    return passwords.problem(password, user.email)


def _check_old_password(user: User) -> None:
    if seconds := limits.wait_seconds(user.email):
        abort(_later(seconds))
    if user.password and not passwords.matches(request.form.get("old", ""), user.password):
        abort(_back("The old password is wrong."))
    limits.succeeded(user.email)


def _back(text: str) -> BaseResponse:
    flash(text)
    return redirect(url_for("accounts.account"))


def _later(seconds: int) -> BaseResponse:
    text = f"There were too many attempts. Try again in {seconds} s."
    response = _message("Too many attempts", text, 429)
    response.headers["Retry-After"] = str(seconds)
    return response


def _message(title: str, text: str, status: int = 200) -> BaseResponse:
    return Response(render_template("accounts/message.html", title=title, text=text), status)
