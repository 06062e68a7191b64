"""Blueprints: optional parts of the app, such as a database. Each file or package here is a part.

A part has init_app(app), which adds it to the app. What it must do before a new release answers
its first request, such as creating tables, is in its release(). A part that appends
("orders.rows", "Orders form"), an endpoint and a text, to app.extensions["links"] is in the
navigation of each page.
"""

import pkgutil
from importlib import import_module

from flask import Flask


def init_app(app: Flask) -> None:
    """Add each part to the app, and the command `flask release`."""
    links: list[tuple[str, str]] = []
    app.extensions["links"] = links
    app.context_processor(lambda: {"links": links})
    names = [info.name for info in pkgutil.iter_modules(__path__) if info.name[0] != "_"]
    parts = [import_module(f"{__name__}.{name}") for name in names]
    for part in parts:
        part.init_app(app)

    @app.cli.command("release")
    def release() -> None:
        """Do what each part needs before a new release answers."""
        for part in parts:
            if hasattr(part, "release"):
                part.release()
