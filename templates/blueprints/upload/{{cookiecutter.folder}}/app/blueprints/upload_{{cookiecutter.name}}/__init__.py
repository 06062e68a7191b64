"""Upload {{ cookiecutter.label }}: people replace {% if cookiecutter.appends %}or extend {% endif %}the file of the loader {{ cookiecutter.name }}."""

from flask import Flask

from app.blueprints._access import protect
from app.blueprints.upload_{{ cookiecutter.name }}.views import blueprint, uploads


def init_app(app: Flask) -> None:
    """Add the pages to the app."""
    protect(app)
    app.register_blueprint(blueprint)
    links = app.extensions.setdefault("links", [])
    links.append(("upload_{{ cookiecutter.name }}.page", "Upload {{ cookiecutter.label }}"))


def release() -> None:
    """Bring the file that was uploaded last to a new release."""
    uploads().bring_back()
