"""The application: one Flask app, made from the loaders and charts in this folder."""

from typing import Any

from flask import Flask, Response

from app import blueprints, config, engine
from app.downloads import downloads
from app.engine.visitor import uses_tls
from app.health import health
from app.pages import pages


def create_app(**settings: Any) -> Flask:
    """Create the application: its configuration, its data, its pages."""
    app = Flask(__name__)
    app.config.from_mapping(config.load(settings))
    engine.init_app(app)
    for blueprint in (pages, downloads, health):
        app.register_blueprint(blueprint)
    blueprints.init_app(app)

    @app.after_request
    def add_security_headers(response: Response) -> Response:
        for name, value in app.config["SECURITY_HEADERS"].items():
            response.headers.setdefault(name, value)
        if app.config["HSTS"] and uses_tls():
            response.headers.setdefault("Strict-Transport-Security", app.config["HSTS"])
        return response

    return app
