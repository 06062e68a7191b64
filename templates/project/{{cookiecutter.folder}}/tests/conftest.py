"""The application under test, with snapshots of its own."""

import os
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Create the application in a folder of its own."""
    instance: Path = tmp_path_factory.mktemp("instance")
    app = create_app(TESTING=True, SECRET_KEY="test", INSTANCE=instance)
    for loader in app.extensions["data"].loaders.values():
        of_database = getattr(getattr(loader, "TABLE", None), "variable", "PATH")
        needed = getattr(loader, "ADDRESS", of_database)
        if needed not in os.environ:
            pytest.skip(f"{needed} is not set: see .env.example")
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser without a browser."""
    return app.test_client()
