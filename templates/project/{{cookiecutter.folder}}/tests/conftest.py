"""The application under test, with snapshots of its own."""

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
    app.test_cli_runner().invoke(args=["release"], catch_exceptions=False)
    with app.app_context():
        for data in app.extensions["engine"].data.values():
            data.build()  # a request would only wait 10 s for it
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a client that sends requests to the application."""
    return app.test_client()
