"""MCP: assistants ask the dashboard, by the Model Context Protocol at /mcp (streamable HTTP).

Each request is answered by itself, as JSON: there are no sessions, and nothing is sent unasked.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, request
from werkzeug.exceptions import HTTPException

from app.blueprints.api import keys
from app.blueprints.api.problems import show_failure, show_problem
from app.blueprints.api.query import run_query
from app.blueprints.api.rows import JSON, answer
from app.engine import get_engine
from app.engine.filters import quote

mcp = Blueprint("mcp", __name__)
mcp.before_request(keys.check)
mcp.register_error_handler(HTTPException, show_problem)
mcp.register_error_handler(Exception, show_failure)
VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26")
TEXT = {"type": "string"}
PARSE_ERROR, INVALID, NO_METHOD, WRONG_PARAMETERS = -32700, -32600, -32601, -32602
QUERY = {
    "type": "object",
    "description": "Filters and more as in the API: region, day.from, day.to, sort, fields, limit",
    "additionalProperties": {"type": ["string", "number", "array"]},
}
Arguments = dict[str, Any]


@mcp.post("/mcp")
def receive() -> Response:
    """Answer one message of JSON-RPC."""
    message = None
    with suppress(RecursionError):  # of a hundred thousand brackets
        message = request.get_json(silent=True, force=True)
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return _error(None, PARSE_ERROR, "This is not one message of JSON-RPC 2.0.", 400)
    method, number = message.get("method"), message.get("id")
    if not isinstance(method, str):
        return _error(number, INVALID, "The message has no method.", 400)
    if "id" not in message:
        return Response(status=202)  # a notification
    if not isinstance(number, (str, int)) or isinstance(number, bool):
        return _error(None, INVALID, "The id is a text or a whole number.", 400)
    parameters = message.get("params", {})
    if not isinstance(parameters, dict):
        return _error(number, WRONG_PARAMETERS, "params is an object.")
    methods: dict[str, Callable[[Arguments], Any]] = {
        "initialize": _initialize,
        "ping": lambda _: {},
        "tools/list": lambda _: {"tools": _list_tools()},
        "tools/call": _call,
    }
    if method not in methods:
        return _error(number, NO_METHOD, f"There is no method {method[:80]}.")
    try:
        result = methods[method](parameters)
    except KeyError as error:
        return _error(number, WRONG_PARAMETERS, f"There is no tool {str(error)[:80]}.")
    return _respond({"jsonrpc": "2.0", "id": number, "result": result})


def _initialize(parameters: Arguments) -> dict[str, Any]:
    version = parameters.get("protocolVersion")
    return {
        "protocolVersion": version if version in VERSIONS else VERSIONS[0],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": current_app.config["TITLE"], "version": "1"},
        "instructions": "Begin with list_data. Rows and queries see what the key may see.",
    }


def _list_tools() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "description": tool.__doc__,
            "inputSchema": {"type": "object", "properties": schema, "required": [*required]},
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }
        for name, (tool, schema, required) in TOOLS.items()
    ]


def _call(parameters: Arguments) -> dict[str, Any]:
    """Run a tool; what is wrong with its arguments is told to the assistant, which may mend it."""
    tool, schema, required = TOOLS[str(parameters.get("name"))]
    arguments = parameters.get("arguments") or {}
    try:
        if not isinstance(arguments, dict) or not {*required} <= {*arguments} <= {*schema}:
            abort(400, f"The arguments are {', '.join(schema)}.")
        text = json.dumps(tool(**arguments), default=str)
    except HTTPException as error:
        detail = str(error.description)
        return {"content": [{"type": "text", "text": detail}], "isError": True}
    return {"content": [{"type": "text", "text": text}], "isError": False}


def list_data() -> Any:
    """List the data sets with their columns, and the charts."""
    from app.blueprints.api.routes import describe_chart, describe_loader

    keys.require_scope("read")
    charts = [describe_chart(chart) for chart in get_engine().visible.values()]
    return {"data": [describe_loader(name) for name in keys.readable()], "charts": charts}


def chart_rows(slug: str, query: Arguments | None = None) -> Any:
    """Return the rows that a chart draws, under filters."""
    keys.require_scope("read")
    chart = get_engine().chart(str(slug))
    return _rows(chart.data, chart.sql, query)


def data_rows(name: str, query: Arguments | None = None) -> Any:
    """Return rows of a data set, under filters."""
    keys.require_scope("read")
    quoted = quote(keys.check_readable(str(name)))
    return _rows((str(name),), f"SELECT * FROM {quoted}", query)


def query(sql: str) -> Any:
    """Run one SELECT in DuckDB's SQL, whose tables are the data sets; at most 1,000 rows."""
    keys.require_scope("query")
    return run_query(str(sql))


TOOLS: dict[str, tuple[Callable[..., Any], dict[str, Any], tuple[str, ...]]] = {
    "list_data": (list_data, {}, ()),
    "chart_rows": (chart_rows, {"slug": TEXT, "query": QUERY}, ("slug",)),
    "data_rows": (data_rows, {"name": TEXT, "query": QUERY}, ("name",)),
    "query": (query, {"sql": TEXT}, ("sql",)),
}


def _rows(names: tuple[str, ...], sql: str, query: Arguments | None) -> Any:
    """Return what the API answers to this query, for the key of this request."""
    if not isinstance(query, dict | None):
        abort(400, "query is an object.")
    environ = {
        **request.environ,
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": urlencode(query or {}, doseq=True, errors="replace"),
        "HTTP_ACCEPT": JSON,
    }
    environ.pop("HTTP_IF_NONE_MATCH", None)
    with current_app.request_context(environ):
        return json.loads(answer(names, sql).data)


def _error(number: object, code: int, text: str, status: int = 200) -> Response:
    error = {"code": code, "message": text}
    return _respond({"jsonrpc": "2.0", "id": number, "error": error}, status)


def _respond(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body), status, {"Cache-Control": "no-store"}, JSON)
