"""The application: one Flask app, made from the loaders and charts in this folder."""

from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from app import charts, config, discovery, loaders, views
from app.cache import Cache
from app.data import Data


def create_app(**overrides: Any) -> Flask:
    """Create the application: configuration, data, pages."""
    app = Flask(__name__, static_folder=None)
    app.config.from_mapping(config.load(overrides))
    # Flask makes this anew at each request, which takes as long as the rest of a cached answer.
    app.session_interface = sessions = SecureCookieSessionInterface()
    sessions.get_signing_serializer = lru_cache(sessions.get_signing_serializer)  # type: ignore

    found = discovery.find_loaders(loaders)
    live = any(loader.LIVE for loader in found.values())  # charts of these ask a database
    data = import_module("app.live").LiveData if live else Data
    app.extensions["data"] = data(found, app.config["INSTANCE"])
    app.extensions["charts"] = discovery.find_charts(charts, found)
    # `flaskdash add-redis` brings app/shared.py.
    cache = import_module("app.shared").SharedCache if find_spec("app.shared") else Cache
    app.extensions["cache"] = cache(app.config["INSTANCE"] / "cache", discovery.code_version())

    app.register_blueprint(views.pages)
    return app
