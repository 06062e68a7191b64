"""Rows: one page of what a loader or a chart has, under the filters in the URL."""

import base64
import difflib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from flask import Response, abort, current_app, request
from pandas import DataFrame

from app.downloads import as_csv, as_json
from app.engine import get_engine
from app.engine.connection import cursor
from app.engine.filters import PARTS, from_query, limits, quote
from app.engine.models import Filter, View
from app.engine.respond import ATTEMPTS, versions
from app.engine.rights import cache_key
from app.engine.tables import Page

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
CONTROLS = ("fields", "sort", "limit", "cursor")
DEFAULT_ROWS = 100
NOT_ACCEPTABLE = f"The rows can be had as {JSON}, {CSV} or {PARQUET}."
PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}


@dataclass(frozen=True)
class Query:
    """What a program asks for: some columns of the rows that pass filters, one page of them."""

    filters: tuple[Filter, ...]
    fields: tuple[str, ...]  # empty: all
    view: View
    limit: int


def answer(names: tuple[str, ...], sql: str) -> Response:
    """Answer with one page of the rows that SQL selects from loaders, in the form that is accepted."""
    any_form = JSON if not request.accept_mimetypes else ""
    mimetype = request.accept_mimetypes.best_match([JSON, CSV, PARQUET], default=any_form)
    if not mimetype:
        abort(406, NOT_ACCEPTABLE)
    for _ in range(ATTEMPTS):  # a page must not mix old and new data
        version = _version(names)
        etag = _digest((version, request.full_path, mimetype))
        headers = {**PRIVATE, "ETag": f'"{etag}"'}
        if request.if_none_match.contains_weak(etag):
            return Response(status=304, headers=headers)
        query, page = _find(names, sql, version)
        if _version(names) == version:
            break
    else:
        abort(503, "The data is being replaced. Try again.")
    following = ""
    if page.view.page < page.pages:
        following = _address(cursor=_cursor(query.view.page + 1, version))
        headers["Link"] = f'<{following}>; rel="next"'
    response = _WRITERS[mimetype](page.rows, page.total, following)
    response.headers.update({**headers, "X-Total-Count": str(page.total)})
    return response


def _find(names: tuple[str, ...], sql: str, version: str) -> tuple[Query, Page]:
    rows = get_engine().rows_of(names)
    types = rows.columns()
    query = _parse(types, version)
    return query, rows.page(_select(sql, query), query.filters, query.view, query.limit)


def _parse(types: dict[str, str], version: str) -> Query:
    """Return the query in the URL; answer with 400 if it has something that is not understood."""
    args = request.args
    for name in args:
        if name not in CONTROLS and _column(name, types) is None:
            near = difflib.get_close_matches(name, [*types, *CONTROLS], 1)
            abort(400, f"There is no parameter {name}." + (f" Is it {near[0]}?" if near else ""))
    filters = from_query(args, dict.fromkeys(types, ""))
    for item in filters:
        low, high = limits(item, types[item.column])
        if (low, high) != (item.low, item.high):
            abort(400, f"{item.column} has no range like this: it is {types[item.column]}.")
    for name in args:
        _check_value(name, args[name], filters)
    fields = tuple(dict.fromkeys(filter(None, args.get("fields", "").split(","))))
    sort = args.get("sort", "")
    for column in (*fields, *filter(None, [sort.removeprefix("-")])):
        if column not in types:
            abort(400, f"There is no column {column}.")
    page = _read_cursor(args["cursor"], version) if "cursor" in args else 1
    view = View("", sort=sort.removeprefix("-"), desc=sort.startswith("-"), page=page)
    return Query(filters, fields, view, _limit(args.get("limit", str(DEFAULT_ROWS))))


def _check_value(name: str, value: str, filters: Iterable[Filter]) -> None:
    """Answer with 400 to a filter that pages of the dashboard would ignore."""
    if "\0" in value:
        abort(400, f"{name} has a character that no text has.")
    column, _, part = name.rpartition(".")
    if part == "blank" and column and value not in {"0", "1"}:
        abort(400, f"{name} is 0 or 1.")
    ends = {"from": "low", "to": "high"}
    if part in ends and column:
        values = (getattr(item, ends[part]) for item in filters if item.column == column)
        if not any(values):
            abort(400, f"{name} is a day (2026-01-31) or a number.")


def _column(name: str, types: dict[str, str]) -> str | None:
    """Return the column that a parameter filters: region, or region.not."""
    parts = sorted(PARTS, key=len, reverse=True)
    names = (name.removesuffix(part) for part in parts if name.endswith(part))
    return next((column for column in names if column in types), None)


def _limit(text: str) -> int:
    most: int = current_app.config["API_ROWS"]
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        abort(400, f"limit is a number from 1 to {most}.")
    return int(text)


def _select(sql: str, query: Query) -> str:
    if not query.fields:
        return sql
    columns = ", ".join(map(quote, query.fields))
    return f"SELECT {columns} FROM ({sql}) AS rows"


def _version(names: Iterable[str]) -> str:
    """Return a text that changes with the data, the code, and what the visitor may see."""
    engine = get_engine()
    data = [engine.data[name] for name in names]
    may_see = cache_key(each.loader for each in data)
    return _digest((engine.cache.code_version, versions(data), may_see))


def _cursor(page: int, version: str) -> str:
    text = json.dumps([page, version, _query_digest()])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(text: str, version: str) -> int:
    """Return the page of a cursor; answer with an error if it fits neither query nor data."""
    try:
        padded = text + "=" * (-len(text) % 4)
        page, data, query = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        if not isinstance(page, int) or isinstance(page, bool) or not 1 <= page < 10**9:
            raise ValueError
    except (ValueError, TypeError):
        abort(400, "cursor is not one that this API gave.")
    if query != _query_digest():
        abort(400, "cursor belongs to another query: change nothing but the cursor.")
    if data != version:
        abort(410, "The data was replaced since the first page. Begin again, without cursor.")
    return page


def _query_digest() -> str:
    pairs = sorted(
        (name, value) for name, value in request.args.items(multi=True) if name != "cursor"
    )
    return _digest((request.path, pairs))


def _address(**changes: str) -> str:
    pairs = [(n, v) for n, v in request.args.items(multi=True) if n not in changes]
    return f"{request.path}?{urlencode([*pairs, *changes.items()])}"


def _digest(key: object) -> str:
    return blake2b(repr(key).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _as_json(df: DataFrame, total: int, following: str) -> Response:
    table = json.loads(as_json(df))
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    body = {"rows": rows, "total": total, "next": following or None}
    return Response(json.dumps(body), mimetype=JSON)


def _as_csv(df: DataFrame, _total: int, _following: str) -> Response:
    return Response(as_csv(df), mimetype=CSV)


def _as_parquet(df: DataFrame, _total: int, _following: str) -> Response:
    with TemporaryDirectory() as folder, cursor() as connection:
        file = Path(folder, "rows.parquet")
        connection.register("page_of_rows", df)
        connection.execute(f"COPY page_of_rows TO '{file}' (FORMAT parquet)")
        connection.unregister("page_of_rows")
        return Response(file.read_bytes(), mimetype=PARQUET)


_WRITERS: dict[str, Callable[[DataFrame, int, str], Response]] = {
    JSON: _as_json,
    CSV: _as_csv,
    PARQUET: _as_parquet,
}
