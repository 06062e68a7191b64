"""OpenAPI: the description of the API, written from the columns of the loaders."""

import re
from typing import Any

from flask import current_app, url_for

from app.blueprints.api.keys import readable
from app.blueprints.api.problems import MIMETYPE
from app.blueprints.api.rows import CSV, JSON, PARQUET
from app.engine import get_engine
from app.engine.filters import is_day, is_number

Schema = dict[str, Any]
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
    },
}
COLUMN = {
    "type": "object",
    "required": ["name", "type"],
    "properties": {"name": {"type": "string"}, "type": {"type": "string"}},
}
LOADER = {
    "type": "object",
    "required": ["name", "columns", "rows", "built"],
    "properties": {
        "name": {"type": "string"},
        "columns": {"type": "array", "items": COLUMN},
        "rows": {"type": "integer"},
        "built": {"type": "string"},
    },
}
CHART = {
    "type": "object",
    "required": ["slug", "title", "kind", "data", "dashboards"],
    "properties": {
        "slug": {"type": "string"},
        "title": {"type": "string"},
        "kind": {"enum": ["figure", "kpi", "table", "text"]},
        "data": {"type": "array", "items": {"type": "string"}},
        "dashboards": {"type": "array", "items": {"type": "string"}},
        "sql": {"type": "string"},
    },
}
FIGURE = {"type": "object", "required": ["data", "layout"]}
ERRORS = {
    "400": "The query is not understood.",
    "401": "The key is missing or wrong.",
    "403": "The key lacks a scope.",
    "404": "There is nothing at this address.",
    "406": "The rows cannot be had in this form.",
    "410": "The cursor is of data that was replaced.",
    "429": "The key sent too many requests.",
    "503": "The data is not there yet.",
}


def describe() -> Schema:
    """Return the description, in OpenAPI 3.1."""
    engine = get_engine()
    paths = {
        _path("openapi"): _get("This description", {"type": "object"}),
        _path("loaders"): _get("The data sets", _list_of("loaders", LOADER)),
        _path("charts"): _get("The charts", _list_of("charts", CHART)),
    }
    for name, data in readable().items():
        columns = data.columns()
        paths[_path("loader", name=name)] = _get(f"The columns of {name}", LOADER)
        paths[_path("loader_rows", name=name)] = _rows(f"Rows of {name}", columns, columns)
    for slug, chart in engine.visible.items():
        paths[_path("chart", slug=slug)] = _get(f"What “{chart.title}” shows", CHART)
        columns = engine.rows_of(chart.data).columns()
        paths[_path("chart_rows", slug=slug)] = _rows(f"Rows of “{chart.title}”", columns, {})
        if chart.kind == "figure":
            paths[_path("figure", slug=slug)] = _get(f"The figure of “{chart.title}”", FIGURE)
    return {
        "openapi": "3.1.0",
        "info": {"title": current_app.config["TITLE"], "version": "1"},
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
        "paths": paths,
    }


def _path(endpoint: str, **values: Any) -> str:
    return re.sub(r"^.*(?=/api/v1)", "", url_for(f"api.{endpoint}", **values))


def _list_of(name: str, item: Schema) -> Schema:
    properties = {name: {"type": "array", "items": item}}
    return {"type": "object", "required": [name], "properties": properties}


def _get(summary: str, schema: Schema) -> Schema:
    return {"get": {"summary": summary, "responses": _responses({JSON: {"schema": schema}})}}


def _rows(summary: str, filtered: dict[str, str], selected: dict[str, str]) -> Schema:
    """Return the description of rows: `selected` columns are all that a row can have."""
    properties = {name: _type_of(kind) for name, kind in selected.items()}
    row: Schema = {"type": "object", "properties": properties}
    table = {
        "type": "object",
        "required": ["rows", "total", "next"],
        "properties": {
            "rows": {"type": "array", "items": row},
            "total": {"type": "integer"},
            "next": {"type": ["string", "null"]},
        },
    }
    content = {JSON: {"schema": table}, CSV: {}, PARQUET: {}}
    parameters = [*_controls(), *(part for c in filtered.items() for part in _filters(*c))]
    return {"get": {"summary": summary, "parameters": parameters, "responses": _responses(content)}}


def _responses(content: Schema) -> Schema:
    problem = {MIMETYPE: {"schema": PROBLEM}}
    errors = {code: {"description": text, "content": problem} for code, text in ERRORS.items()}
    return {"200": {"description": "What was asked for.", "content": content}, **errors}


def _controls() -> list[Schema]:
    most = current_app.config["API_ROWS"]
    return [
        _parameter("fields", "Columns, separated by commas; all if left out", {"type": "string"}),
        _parameter("sort", "A column; -column for the largest first", {"type": "string"}),
        _parameter("limit", "Rows on a page", {"type": "integer", "minimum": 1, "maximum": most}),
        _parameter("cursor", "The next page: of `next` in the page before", {"type": "string"}),
    ]


def _filters(column: str, kind: str) -> list[Schema]:
    text: Schema = {"type": "string"}
    several = {"type": "array", "items": text}
    parameters = [
        _parameter(column, f"{column} is this, or one of these", several),
        _parameter(f"{column}.not", f"{column} is none of these", several),
        _parameter(f"{column}.blank", "1: has no value; 0: has one", {"enum": ["0", "1"]}),
        _parameter(f"{column}.has", f"{column} contains this text", text),
    ]
    if is_day(kind) or is_number(kind):
        end = {"type": "string", "format": "date"} if is_day(kind) else {"type": "number"}
        parameters += [_parameter(f"{column}.{name}", f"{column} {name}", end) for name in _ENDS]
    return parameters


_ENDS = ("from", "to")


def _parameter(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _type_of(kind: str) -> Schema:
    if is_number(kind):
        return {"type": ["number", "null"]}
    if kind == "BOOLEAN":
        return {"type": ["boolean", "null"]}
    return {"type": ["string", "null"]} if kind == "VARCHAR" or is_day(kind) else {}
