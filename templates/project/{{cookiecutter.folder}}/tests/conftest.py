"""The application under test, with snapshots of its own."""

import secrets
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Create the application in a folder of its own."""
    instance: Path = tmp_path_factory.mktemp("instance")
    app = create_app(
        TESTING=True,
        SECRET_KEY="test",
        INSTANCE=instance,
        CHECK_TOKEN=secrets.token_hex(),
        SESSION_COOKIE_SECURE=False,  # the client of tests uses plain http
    )
    app.test_cli_runner().invoke(args=["release"], catch_exceptions=False)
    with app.app_context():
        for data in app.extensions["engine"].data.values():
            data.build()  # a request would only wait 10 s for it
    return app


@pytest.fixture(scope="session")
def is_closed(app: Flask) -> bool:
    """Return whether pages ask to sign in, even of a test that shows CHECK_TOKEN."""
    return check_client(app).get("/charts/no-such-chart").status_code != 404


@pytest.fixture
def client(app: Flask, is_closed: bool) -> FlaskClient:
    """Return a client that sends requests to the application, and may see all pages."""
    if is_closed:
        pytest.skip("/ asks to sign in, so its charts were not looked at: README.md, 'Add a login'")
    return check_client(app)


def check_client(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_X_CHECK_TOKEN"] = app.config["CHECK_TOKEN"]
    return client
