"""The application: one Flask app, made from the loaders and charts in this folder."""

from typing import Any

from flask import Flask

from app import config, engine
from app.pages import pages


def create_app(**settings: Any) -> Flask:
    """Create the application: its configuration, its data, its pages."""
    app = Flask(__name__)
    app.config.from_mapping(config.load(settings))
    engine.init_app(app)
    app.register_blueprint(pages)
    return app
