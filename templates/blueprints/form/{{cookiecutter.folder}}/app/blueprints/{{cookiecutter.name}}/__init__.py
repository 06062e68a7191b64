"""{{ cookiecutter.label }}: a form, its table, and the pages that list and change its rows."""

from pathlib import Path

from flask import Flask

from app.blueprints._access import protect
from app.blueprints.database import add_migrations
from app.blueprints.{{ cookiecutter.name }}.views import blueprint


def init_app(app: Flask) -> None:
    """Add the pages and the table to the app."""
    protect(app)
    add_migrations(app, "{{ cookiecutter.name }}", Path(__file__).with_name("migrations"))
    app.register_blueprint(blueprint)
    links = app.extensions.setdefault("links", [])
    links.append(("{{ cookiecutter.name }}.rows", "{{ cookiecutter.label }} form"))
