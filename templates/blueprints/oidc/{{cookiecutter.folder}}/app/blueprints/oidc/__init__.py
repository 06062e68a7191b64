"""OIDC: sign-in with a provider, such as Keycloak or Entra ID. README.md has the settings."""

import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.flask_client import OAuth  # type: ignore[import-untyped]
from flask import Blueprint, Flask, abort, current_app, redirect, session, url_for
from requests import RequestException
from werkzeug.wrappers import Response

from app.blueprints.accounts import mail, sessions
from app.blueprints.accounts.emails import normal_email
from app.blueprints.accounts.guard import next_page, public
from app.blueprints.accounts.models import ROLES, Identity, User
from app.blueprints.database import db

log = logging.getLogger(__name__)
oidc = Blueprint("oidc", __name__, template_folder="templates", url_prefix="/sign-in/provider")
oauth = OAuth()


def init_app(app: Flask) -> None:
    """Add the sign-in with the provider that OIDC_ISSUER names."""
    app.register_blueprint(oidc)
    app.extensions["sign_out_url"] = sign_out_url
    if not (issuer := os.environ.get("OIDC_ISSUER", "").rstrip("/")):
        return
    if not (app.debug or app.testing or os.environ.get("SITE_URL")):
        raise RuntimeError("OIDC_ISSUER needs SITE_URL: https://... See its README.md.")
    app.config["OIDC_NAME"] = os.environ.get("OIDC_NAME") or "your organisation"
    oauth.init_app(app)
    oauth.register(
        "provider",
        overwrite=True,
        client_id=os.environ["OIDC_CLIENT_ID"],
        client_secret=os.environ.get("OIDC_CLIENT_SECRET"),
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": os.environ.get("OIDC_SCOPE") or "openid email profile",
            "code_challenge_method": "S256",
            "timeout": 10,
        },
    )


@oidc.get("")
@public
def start() -> Response:
    """Go to the provider, with a state, a nonce and the digest of a secret for the way back."""
    _require_provider()
    session["next"] = next_page()
    address = mail.site_url() + url_for("oidc.back")
    try:
        response: Response = oauth.provider.authorize_redirect(address)
    except RequestException as error:
        log.warning("The provider does not answer: %s", error)
        abort(503, "The provider of the sign-in does not answer. Try again.")
    return response


@oidc.get("/back")
@public
def back() -> Response:
    """Sign in whom the provider sends back."""
    _require_provider()
    try:
        claims = oauth.provider.authorize_access_token()["userinfo"]
    except (OAuthError, KeyError) as error:  # a state that is not ours, a code that was used
        log.warning("The sign-in failed at the provider: %s", error)
        sessions.record("sign-in failed", "provider")
        db.session.commit()
        abort(401, "The sign-in did not succeed. Start again.")
    except RequestException as error:
        log.warning("The provider does not answer: %s", error)
        abort(503, "The provider of the sign-in does not answer. Try again.")
    user = _find_user(claims)
    if user is None or user.disabled:
        sessions.record("sign-in refused", str(claims.get("email") or claims["sub"]))
        db.session.commit()
        abort(403, "You have no account here. Ask an admin to invite you.")
    sessions.record("sign-in by provider", user.email)
    return sessions.start(user, redirect(session.pop("next", "/")))


def sign_out_url(user_id: int) -> str | None:
    """Return where a user signs out at the provider, too; None if they do not have to."""
    known = sa.select(Identity).where(Identity.user_id == user_id)
    if "OIDC_NAME" not in current_app.config or db.session.scalars(known).first() is None:
        return None
    try:
        address = oauth.provider.load_server_metadata().get("end_session_endpoint")
    except RequestException:
        return None
    home = mail.site_url() + url_for("accounts.sign_in")
    query = {"client_id": os.environ["OIDC_CLIENT_ID"], "post_logout_redirect_uri": home}
    return f"{address}?{urlencode(query)}" if address else None


def _find_user(claims: Mapping[str, Any]) -> User | None:
    """Return the user of an identity; the first time, by an address that the provider verified."""
    mapping = _mapping()
    role = role_of(claims.get(os.environ.get("OIDC_GROUPS") or "groups") or (), mapping)
    if mapping and role is None:
        return None
    identity = db.session.get(Identity, (claims["iss"], claims["sub"]))
    email = normal_email(str(claims.get("email", "")))
    user = identity.user if identity else None
    if user is None and email and claims.get("email_verified") is True:
        user = db.session.scalar(sa.select(User).where(User.email == email))
        if user is None and role:
            user = User(email=email, role=role)
        if user:
            db.session.add(Identity(issuer=claims["iss"], subject=claims["sub"], user=user))
    if user and role and user.role != role:
        sessions.record(f"role {user.role} to {role}", user.email)
        user.role = role
        sessions.end_all(user)
    return user


def role_of(groups: Iterable[str], mapping: Mapping[str, str]) -> str | None:
    """Return the highest role that one of the groups has; None if none has any."""
    roles = {mapping[group] for group in groups if group in mapping}
    return max(roles, key=ROLES.index, default=None)


def _mapping() -> dict[str, str]:
    """Return the roles of groups: OIDC_ROLES is admins=admin,staff=viewer."""
    pairs = [pair.split("=") for pair in os.environ.get("OIDC_ROLES", "").split(",") if pair]
    if not all(len(pair) == 2 and pair[1].strip() in ROLES for pair in pairs):
        raise RuntimeError("OIDC_ROLES is not like admins=admin,staff=viewer. See its README.md.")
    return {group.strip(): role.strip() for group, role in pairs}


def _require_provider() -> None:
    if "OIDC_NAME" not in current_app.config:
        abort(404, "There is no provider: OIDC_ISSUER is not set.")
