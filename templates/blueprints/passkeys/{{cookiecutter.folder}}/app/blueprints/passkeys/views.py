"""Views: signing in with a passkey, and adding and removing one's own on the page Account."""

from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import options_to_json_dict, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.blueprints.accounts import limits, mail, passwords, sessions
from app.blueprints.accounts.account import RECENT
from app.blueprints.accounts.guard import next_page, public
from app.blueprints.accounts.models import Session, User
from app.blueprints.database import db
from app.blueprints.database.models import now
from app.blueprints.passkeys import challenges
from app.blueprints.passkeys.models import Passkey, passkey_id, passkeys_of
from app.engine.visitor import uses_tls

passkeys = Blueprint("passkeys", __name__, "static", "/static/passkeys", "templates")
INVALID = (WebAuthnException, ValueError, KeyError, TypeError, RecursionError)
LATE = "That took too long. Try again."
REFUSED = "This passkey does not sign in here. Sign in another way."
VERIFIED = UserVerificationRequirement.REQUIRED  # by a PIN, a finger, a face


@passkeys.post("/sign-in/passkey/options")
@public
def start() -> ResponseReturnValue:
    """Return what a browser needs to ask for a passkey; it does not say of whom."""
    challenge = challenges.issue("sign-in")
    options = generate_authentication_options(
        rp_id=site()[0], challenge=challenge, user_verification=VERIFIED
    )
    return options_to_json_dict(options)


@passkeys.post("/sign-in/passkey")
@public
def sign_in() -> ResponseReturnValue:
    """Sign in with a passkey; all that are refused get the same answer."""
    if seconds := limits.wait_seconds(""):
        return {"message": f"There were too many attempts. Try again in {seconds} s."}, 429
    challenge = challenges.spend("sign-in")
    if challenge is None:
        return {"message": LATE}, 400
    try:
        user = check_answer(challenge)
    except INVALID as error:
        current_app.logger.warning("A passkey was refused: %.200r", error)
        sessions.record("passkey refused", "The answer is wrong")
        user = None
    if user is None:
        db.session.commit()
        return {"message": REFUSED}, 401
    limits.succeeded("")
    sessions.record("sign-in by passkey", user.email)
    return sessions.start(user, jsonify(next=next_page()))


def check_answer(challenge: bytes) -> User | None:
    """Return whose passkey signed a challenge; None if they may not sign in, as the audit says."""
    credential = parse_authentication_credential_json(request.form["credential"])
    passkey = db.session.get(Passkey, passkey_id(credential.raw_id))
    if passkey is None or passkey not in passkeys_of(passkey.user_id):
        sessions.record("passkey refused", "It is unknown")
        return None
    host, origin = site()
    verified = verify_authentication_response(
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=host,
        expected_origin=origin,
        credential_public_key=passkey.public_key,
        credential_current_sign_count=0,  # compared below, as the audit names copies
        require_user_verification=True,
    )
    user = db.session.get_one(User, passkey.user_id)
    if user.disabled:
        sessions.record("passkey refused", user.email)
        return None
    if passkey.sign_count and verified.new_sign_count <= passkey.sign_count:
        sessions.record("passkey refused as a copy", user.email)
        return None
    passkey.sign_count, passkey.last_used = verified.new_sign_count, now()
    return user


@passkeys.post("/account/passkeys/options")
def start_adding() -> ResponseReturnValue:
    """Return what a browser needs to make a passkey for the user."""
    me = signed_in()
    if reason := identity_problem(me):
        return {"message": reason}, 400
    options = generate_registration_options(
        rp_id=site()[0],
        rp_name=current_app.config["TITLE"],
        user_id=sessions.digest(f"passkeys {me.user_id}").encode(),  # opaque: devices reveal it
        user_name=me.user.email,
        challenge=challenges.issue(f"add {me.user_id}"),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=each.credential) for each in own_passkeys()
        ],
    )
    return options_to_json_dict(options)


@passkeys.post("/account/passkeys")
def add() -> ResponseReturnValue:
    """Store the passkey that a browser made."""
    me = signed_in()
    challenge = challenges.spend(f"add {me.user_id}")
    if challenge is None:
        return {"message": LATE}, 400
    host, origin = site()
    name = "".join(filter(str.isprintable, request.form.get("name", ""))).strip()
    try:
        verified = verify_registration_response(
            credential=request.form["credential"],
            expected_challenge=challenge,
            expected_rp_id=host,
            expected_origin=origin,
            require_user_verification=True,
        )
        passkey = Passkey(
            id=passkey_id(verified.credential_id),
            credential=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            name=name[:80] or "Passkey",
            user_id=me.user_id,
        )
        db.session.add(passkey)
        sessions.record("passkey added", me.user.email)
        db.session.commit()
    except (*INVALID, IntegrityError) as error:
        db.session.rollback()
        current_app.logger.warning("A passkey was not added: %.200r", error)
        return {"message": "This passkey was not added. Try again, or take another device."}, 400
    flash("The passkey was added: you can sign in with it.")
    return {"next": url_for("accounts.account")}


@passkeys.post("/account/passkeys/remove")
def remove() -> ResponseReturnValue:
    """Remove a passkey of the user."""
    me = signed_in()
    if reason := identity_problem(me):
        flash(reason)
        return redirect(url_for("accounts.account"))
    for passkey in own_passkeys():
        if passkey.id == request.form.get("id"):
            db.session.delete(passkey)
            sessions.record("passkey removed", me.user.email)
            db.session.commit()
            flash("The passkey was removed. Delete it on your device, too.")
    return redirect(url_for("accounts.account"))


def own_passkeys() -> list[Passkey]:
    """Return the passkeys of the user."""
    return passkeys_of(signed_in().user_id)


def signed_in() -> Session:
    me = sessions.current() or abort(401)
    return db.session.get(Session, me.session_id) or abort(401)


def identity_problem(me: Session) -> str:
    """Return why this may be somebody else at the user's browser; empty if it is not likely."""
    email, hashed = me.user.email, me.user.password
    if not hashed:
        is_recent = now() <= me.created + RECENT
        return "" if is_recent else "Sign out, and in again first: then you can change passkeys."
    if seconds := limits.wait_seconds(email):
        return f"There were too many attempts. Try again in {seconds} s."
    if not passwords.matches(request.form.get("old", ""), hashed):
        return "The password is wrong."
    limits.succeeded(email)
    db.session.commit()
    return ""


def site() -> tuple[str, str]:
    """Return the host of this site, which passkeys belong to, and its origin as browsers say it."""
    address = urlsplit(mail.site_url().lower())
    scheme = "https" if uses_tls() else address.scheme
    return address.hostname or "", f"{scheme}://{address.netloc}"
