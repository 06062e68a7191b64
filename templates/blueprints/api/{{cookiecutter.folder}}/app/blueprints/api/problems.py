"""Problems: errors as RFC 9457 says, application/problem+json."""

import json
from http import HTTPStatus

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException, InternalServerError

from app.blueprints.database import unavailable

MIMETYPE = "application/problem+json"


def show_problem(error: HTTPException) -> Response:
    """Return an error as JSON, with its headers, such as Retry-After."""
    status = HTTPStatus(error.code or 500)
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": error.description or status.description,
        "instance": request.full_path.rstrip("?"),
    }
    response = Response(json.dumps(body), int(status), mimetype=MIMETYPE)
    for name, value in error.get_headers(request.environ):
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def show_failure(error: Exception) -> Response:
    """Log an error that nobody expected, and tell nothing of it."""
    if answer := unavailable(error):
        return show_problem(answer)
    current_app.logger.exception("%s failed", request.path)
    return show_problem(InternalServerError("This failed. The log of the server says why."))
