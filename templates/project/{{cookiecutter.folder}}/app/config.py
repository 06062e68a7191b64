"""Configuration: settings, and what environment variables and .env change of them."""

import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import load_dotenv

ROOT = Path(__file__).parents[1]
NO_KEY = (
    "SECRET_KEY is not set. Set it in the environment, or write it to .env: "
    "python -c \"import secrets; print('SECRET_KEY=' + secrets.token_hex())\" >> .env"
)
# Plotly adds one <style> element that is empty: this is the hash of the empty string.
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
# What a page may load, and from where. Add a host to the kind of thing that comes from it.
CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": f"'self' {EMPTY_STYLE}",
    "font-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'self'",
}
SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(map(" ".join, CONTENT_SECURITY_POLICY.items())),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
DASHBOARD_ROLES: dict[str, list[str]] = {}  # {"Board": ["admin"]} shows Board to admins alone


def load(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration; raise RuntimeError in production if there is no secret key."""
    load_dotenv(ROOT / ".env")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    release = ROOT / ".release"  # `flaskdash deploy` writes it
    debug = os.environ.get("FLASK_DEBUG", "").lower() in {"1", "true", "yes", "on"}
    instance = ROOT / (os.environ.get("INSTANCE_PATH") or "instance")
    config = {
        "TITLE": project["tool"]["flaskdash"]["title"],
        "DEBUG": debug,
        "RELEASE": release.read_text("utf-8").strip() if release.is_file() else "",
        "SECRET_KEY": os.environ.get("SECRET_KEY") or (secrets.token_hex() if debug else ""),
        "SESSION_COOKIE_SAMESITE": "Lax",
        # Cookies are Secure, unless the browser shows that it uses plain http: engine/visitor.py.
        # SESSION_COOKIE_SECURE=0 is for a network without TLS.
        "SESSION_COOKIE_SECURE": not debug and os.environ.get("SESSION_COOKIE_SECURE") != "0",
        "CHECK_TOKEN": os.environ.get("CHECK_TOKEN", ""),  # opens all pages to `flaskdash check`
        "SECURITY_HEADERS": SECURITY_HEADERS,
        # Over TLS, browsers are told to use nothing else on this host: HSTS= turns that off.
        "HSTS": os.environ.get("HSTS", "max-age=31536000"),
        "UPDATE_SECONDS": 60,  # between an open page's looks for newer data; 0: it never looks
        "NOTES": True,  # a line under a chart's title that says what it shows
        "TABLE_ROWS": 25,  # on one page of a table
        "INSTANCE": instance,  # the folder of snapshots
        **settings,
    }
    config.setdefault("CACHE", config["INSTANCE"] / "cache")
    if not config["SECRET_KEY"]:
        raise RuntimeError(NO_KEY)
    return config
