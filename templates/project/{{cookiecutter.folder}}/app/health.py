"""Health: whether the app answers, and whether its data is there; `flaskdash deploy` asks for both."""

from typing import Any

from flask import Blueprint, Response, current_app, request

from app.engine import get_engine

health = Blueprint("health", __name__)
LOCAL = {"127.0.0.1", "::1", "localhost"}  # the last is a client of a Unix socket


@health.get("/up")
def up() -> Response:
    """Say that the process answers, and which release it is."""
    return Response(f"up {current_app.config['RELEASE']}".strip() + "\n", mimetype="text/plain")


@health.get("/ready")
def ready() -> tuple[dict[str, Any], int]:
    """Say whether each loader has a snapshot; start to build the missing ones.

    Only this machine is told which error a loader had.
    """
    is_local = request.remote_addr in LOCAL and "X-Forwarded-For" not in request.headers
    states = {name: data.check() for name, data in get_engine().data.items()}
    loaders = {
        name: {
            "built": state.built,
            "error": state.error if is_local or not state.error else "failed",
        }
        for name, state in states.items()
    }
    return {"loaders": loaders}, 200 if all(state.built for state in states.values()) else 503
