"""Views: signing in and out, and the links in mails."""

import sqlalchemy as sa
from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from app.blueprints.accounts import limits, mail, passwords, sessions
from app.blueprints.accounts.emails import normal_email
from app.blueprints.accounts.guard import next_page, public
from app.blueprints.accounts.models import Token, User
from app.blueprints.database import db

accounts = Blueprint("accounts", __name__, "static", "/static/accounts", "templates")
WRONG = "The e-mail address or the password is wrong."
SENT = "If this address may sign in, a mail with a link is on its way to it."
VOID = "This link was used, or is too old. Ask for a new one."


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
        return later(seconds)
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
        return later(seconds)
    sessions.record(f"{purpose} sent", email)
    if user := _find_user(email):
        send_token(user, purpose)
    db.session.commit()
    return message("Look into your mailbox", SENT)


@accounts.get("/links/<token>")
@public
def open_link(token: str) -> BaseResponse:
    """Show what a link is for: programs that look into mails open links, too, and must not use it up."""
    link = sessions.find_token(token, *sessions.LIFE)
    if link is None:
        return message("This link does not work", VOID, 410)
    is_password = link.purpose in {"invite", "reset"}
    template = "accounts/password.html" if is_password else "accounts/link.html"
    return Response(render_template(template, title="Welcome", token=link))


@accounts.post("/links/<token>")
@public
def use_link(token: str) -> BaseResponse:
    """Use a link up: sign in, set the password, or change the address."""
    link = sessions.find_token(token, *sessions.LIFE)
    if link is None:
        return message("This link does not work", VOID, 410)
    user, purpose = link.user, link.purpose
    password = request.form.get("password", "")
    is_password = purpose in {"invite", "reset"}
    if is_password and (problem := new_password_problem(password, user)):
        page = render_template("accounts/password.html", title="Welcome", token=link, error=problem)
        return Response(page, 400)
    hashed = passwords.hash_password(password) if is_password else user.password
    if purpose == "mail":
        return _confirm_email(link)
    if not sessions.spend(link):
        return message("This link does not work", VOID, 410)
    user.password = hashed
    if is_password:
        sessions.end_all(user)
    return _enter(user, {"invite": "joined", "reset": "password reset"}.get(purpose, "sign-in"))


def _confirm_email(link: Token) -> BaseResponse:
    """Change an address; whoever gets a mail by mistake must not get the account with it."""
    me, email = sessions.current(), link.email
    if me is None or me.id != link.user_id:
        return message("Sign in first", "Sign in, then open the link in the mail again.", 403)
    is_taken = db.session.scalar(sa.select(User).where(User.email == email))
    if is_taken or not sessions.spend(link):
        return message("This link does not work", VOID, 410)
    sessions.record("address changed", f"{me.email} to {email}")
    link.user.email = email
    db.session.commit()
    flash("Your address was changed.")
    return redirect(url_for("accounts.account"))


@accounts.post("/sign-out")
@public
def sign_out() -> BaseResponse:
    """Sign out."""
    me, goal = sessions.current(), url_for("accounts.sign_in")
    if me:
        sessions.record("sign-out", me.email)
        at_provider = current_app.extensions.get("sign_out_url", lambda _: None)(me.id)
        if at_provider:  # a form may not be redirected to another host: see config.py
            page = message("Signing out", "You are signed out here, and now at the provider.")
            page.headers["Refresh"] = f"0; url={at_provider}"
            return sessions.end(page)
    return sessions.end(redirect(goal))


def show_mails() -> str:
    """Show the mails that were not sent, while developing."""
    return render_template("accounts/mails.html", title="Mail", mails=[*mail.unsent])


show_mails.is_public = True  # type: ignore[attr-defined]


def send_token(user: User, purpose: str, email: str = "") -> str:
    """Send a mail with a link to a user, or to the address that they want; return the link."""
    path = url_for("accounts.open_link", token=sessions.issue(user, purpose, email))
    link = mail.site_url() + path
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


def new_password_problem(password: str, user: User) -> str:
    if password != request.form.get("again", password):
        return "The two passwords differ."
    return passwords.problem(password, user.email)


def later(seconds: int) -> BaseResponse:
    text = f"There were too many attempts. Try again in {seconds} s."
    response = message("Too many attempts", text, 429)
    response.headers["Retry-After"] = str(seconds)
    return response


def message(title: str, text: str, status: int = 200) -> BaseResponse:
    return Response(render_template("accounts/message.html", title=title, text=text), status)
