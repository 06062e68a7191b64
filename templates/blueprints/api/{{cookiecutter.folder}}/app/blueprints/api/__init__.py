"""API: the loaders and charts as JSON, CSV and Parquet at /api/v1, and for assistants at /mcp.

Programs send a key: `flask key add NAME` makes one. /api/v1/docs describes the API for people, and
/api/v1/openapi.json for programs.
"""

import os
from pathlib import Path

from flask import Flask

from app.blueprints.api import limits
from app.blueprints.api.commands import key
from app.blueprints.api.mcp import mcp
from app.blueprints.api.routes import api
from app.blueprints.database import add_migrations

__all__ = ["init_app"]


def init_app(app: Flask) -> None:
    """Add the API, the endpoint for assistants, and the command `flask key`."""
    app.config.setdefault("API_LIMIT", 120)  # requests a minute, of each key
    app.config.setdefault("API_ROWS", 10_000)  # the most on one page
    add_migrations(app, "api", Path(__file__).with_name("migrations"))
    limits.init_app(app, os.environ.get("REDIS_URL", ""))
    for blueprint in (api, mcp):
        app.register_blueprint(blueprint)
        if csrf := app.extensions.get("csrf"):
            csrf.exempt(blueprint)  # a key is not sent by a browser on its own, as a cookie is
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith(("api.", "mcp.")) and endpoint != "api.docs":
            # Accounts leave these to the keys.
            setattr(view, "is_public", True)  # noqa: B010
    app.cli.add_command(key)
