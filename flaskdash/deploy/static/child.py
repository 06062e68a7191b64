"""Write a project's dashboards as files, in the project's own Python: python child.py FOLDER RELEASE [PART PARTS].

Each page is asked for as a browser would, below a path of its own that nothing else in the pages
has, so that each link can be told and made relative. What filters choose is a page, too: the last
line that this prints is JSON which tells the filters that are live.
"""

from __future__ import annotations

import base64
import importlib
import json
import posixpath
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from html import escape, unescape
from html.parser import HTMLParser
from itertools import chain, combinations, product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

MOST = 200  # pages that one page becomes, one for each choice of filters
ROWS = 1000  # of a table; its CSV has all
ROOT = f"/{secrets.token_hex(8)}"
LINK = re.compile(rf'{ROOT}(?P<path>/[^"\'<>\s?#]*)?(?P<query>\?[^"\'<>\s#]*)?')
SCRIPT = re.compile(r'<script src="(?P<folder>[^"]*static/)')  # the first: files.js is for all
STYLESHEET = re.compile(rf'<link rel="stylesheet" href="{ROOT}/(static/[^"?]+)')
NO_SCRIPT = re.compile(r"<noscript>\s*<button>[^<]*</button>\s*</noscript>")
DAY = re.compile(r'<input type="date"')
Pairs = tuple[tuple[str, str], ...]


class ExportError(Exception):
    """A page that could not be written; the text says which, and why."""


class Form(HTMLParser):
    """The filters in a page's form: by column, how each is chosen, and from what."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.kinds: dict[str, str] = {}
        self.options: dict[str, list[Pairs]] = {}
        self._inside = False
        self._column = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a filter's field, of one of its choices, or of a span of days."""
        of = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = "filters" in of.get("class", "").split()
        if not self._inside:
            return
        if "data-column" in of:
            self._column = of["data-column"]
            self.options[self._column] = []
        if not self._column:
            return
        if tag == "input" and of.get("type") in {"checkbox", "radio"}:
            self.kinds[self._column] = "several" if of["type"] == "checkbox" else "one"
            if value := of.get("value"):
                self.options[self._column].append(((self._column, value),))
        elif tag == "input" and of.get("type") in {"date", "number", "search"} and of.get("name"):
            self.kinds[self._column] = {"date": "days"}.get(of["type"], "free")
        elif tag == "a" and of.get("href", "").startswith("?"):
            pairs = tuple(parse_qsl(of["href"][1:]))
            self.options[self._column].append(pairs)

    def handle_endtag(self, tag: str) -> None:
        """Leave the form at its end."""
        self._inside = self._inside and tag != "form"


def choose(forms: Mapping[str, Form]) -> tuple[dict[str, list[Pairs]], dict[str, str]]:
    """Return by column what can be chosen, nothing first; and how: several, one, days or fixed.

    Those with few choices go first; that several can be chosen at once comes last. No page becomes
    more than MOST.
    """
    said: dict[str, str] = {}
    listed: dict[str, dict[Pairs, None]] = {}
    for form in forms.values():
        for column, kind in form.kinds.items():
            said[column] = "free" if "free" in (kind, said.get(column)) else kind
            listed.setdefault(column, {}).update(dict.fromkeys(form.options[column]))
    options: dict[str, list[Pairs]] = {}
    kinds = dict.fromkeys(said, "fixed")

    def fits(column: str, count: int) -> bool:
        pages = [form for form in forms.values() if column in form.kinds]
        others = [
            prod(len(options[name]) for name in form.kinds if name in options and name != column)
            for form in pages
        ]
        return all(count * other <= MOST for other in others)

    for column in sorted(said, key=lambda name: len(listed[name])):
        several = list(listed[column])
        if said[column] != "free" and several and fits(column, len(several) + 1):
            options[column] = [(), *several]
            kinds[column] = "days" if said[column] == "days" else "one"
    for column in [name for name in options if said[name] == "several"]:
        choices = [one for one in options[column] if one]
        if len(choices) <= MOST.bit_length() and fits(column, 2 ** len(choices)):
            sets = (combinations(choices, size) for size in range(len(choices) + 1))
            options[column] = [tuple(chain.from_iterable(one)) for one in chain.from_iterable(sets)]
            kinds[column] = "several"
    return options, kinds


def suffix(pairs: Iterable[tuple[str, str]]) -> str:
    """Return what a file's name has for these filters; files.js makes the same of a query."""
    said = {f"{name}={value}".replace("\r\n", "\n") for name, value in pairs}
    if not said:
        return ""
    digest = 0xCBF29CE484222325  # FNV-1a
    for byte in "\0".join(sorted(said, key=lambda one: one.encode("utf-16-be"))).encode():
        digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return f".{digest:016x}"


class Export:
    """The files of a project's dashboards, and how they are written."""

    def __init__(self, app: Flask, folder: Path, release: str) -> None:
        self.app, self.folder, self.release = app, folder, release
        self.client = app.test_client()
        self.engine: Any = app.extensions["engine"]
        self.names: dict[str, list[str]] = {}  # of the filters that count, by page
        self.note = ""
        self.written = 0
        self._files: dict[str, str] = {}

    def run(self, part: int, parts: int) -> dict[str, Any]:
        """Write a part of everything: others write the others. Return what there is to say of it."""
        plain = self._crawl()
        forms = {path: Form(text) for path, text in plain.items()}
        options, kinds = choose(forms)
        self._narrow(kinds)
        for path, form in forms.items():
            columns = [column for column in form.kinds if column in options]
            self.names[self._base(path)] = sorted(
                {name for column in columns for one in options[column] for name, _ in one}
            )
        self.note = _note(kinds)
        choices = {
            path: [options[column] for column in form.kinds if column in options]
            for path, form in forms.items()
        }
        # State by state, so that what pages share is asked of the data once.
        todo = {
            (tuple(chain.from_iterable(state)), path)
            for path, each in choices.items()
            for state in product(*each)
        }
        states = sorted({state for state, _ in todo})
        mine = set(states[part::parts])
        for state, path in sorted(todo):
            if state in mine:
                self._state(path, state)
        if part == 0:
            self._rest()
        return {"files": self.written, "pages": len(forms), "choices": len(todo), "filters": kinds}

    def get(self, path: str, query: str = "") -> TestResponse:
        """Return an answer that is 200, as an app below ROOT gives it."""
        answer = self.client.get(path, query_string=query, base_url=f"http://localhost{ROOT}")
        if answer.status_code != 200:
            what = f"{path}?{query}" if query else path
            main = answer.text.partition("<main")[2].partition(">")[2]
            said = " ".join(re.sub(r"<[^>]*>", " ", main).split())
            raise ExportError(f"{what} answers {answer.status_code}: {said[:200]}")
        if "This chart could not be drawn" in answer.text:
            raise ExportError(f"a chart on {path} could not be drawn; the log above says why")
        return answer

    def _crawl(self) -> dict[str, str]:
        """Return the pages that can be reached by links, each without a filter."""
        todo, pages = ["/"], {}
        for path in todo:
            answer = self.get(path)
            if answer.mimetype != "text/html":
                continue
            pages[path] = answer.text
            for link in LINK.finditer(answer.text):
                there = link["path"] or "/"
                if there not in todo and not there.startswith("/static/") and not _part(there):
                    todo.append(there)
        return pages

    def _narrow(self, kinds: Mapping[str, str]) -> None:
        """Leave the charts the filters that are live, in the form that they have here."""
        for slug, chart in self.engine.charts.items():
            filters = {
                column: "single" if kinds[column] == "one" else form
                for column, form in chart.filters.items()
                if kinds.get(column, "fixed") != "fixed"
            }
            self.engine.charts[slug] = replace(chart, filters=filters)
        # Answers that are cached already have the other forms.
        self.engine.cache.code_version = self.release

    def _state(self, path: str, state: Pairs) -> None:
        """Write a page as some filters leave it; of a chart, its rows, JSON and CSV too."""
        query, mark = urlencode(state), suffix(state)
        self._write(path, self.get(path, query), mark)
        slug = path.removeprefix("/charts/")
        if slug not in self.engine.charts:
            return
        is_figure = self.engine.charts[slug].kind == "figure"
        parts = ["data.json", *(["figure.json"] if is_figure else [])]
        for part in (f"{path}/{one}" for one in parts):
            self._write(part, self.get(part, query), mark)
        self._write(f"{path}.csv", self.get(f"{path}.csv", query), mark)
        with _all_rows(self.app):
            self._write(f"{path}/rows", self.get(f"{path}/rows", query), mark)

    def _write(self, path: str, answer: TestResponse, mark: str) -> None:
        name = self._file(path)
        stem, dot, end = name.rpartition(".")
        file = self.folder / (f"{stem}{mark}{dot}{end}" if dot else f"{name}{mark}")
        file.parent.mkdir(parents=True, exist_ok=True)
        body = answer.data
        if answer.mimetype == "text/html":
            body = self._page(name, answer.text, dict(answer.headers)).encode()
        with file.open("xb") as out:  # two states never have one name
            out.write(body)
        self.written += 1

    def _page(self, name: str, text: str, headers: Mapping[str, Any]) -> str:
        """Return a page whose links are relative, and whose filters work without a server."""

        def relative(link: re.Match[str]) -> str:
            path = unescape(link["path"] or "/")
            there = self._file(path)
            query = link["query"] or ""
            if path.endswith(".csv") and query:
                stem, mark = there.removesuffix(".csv"), suffix(parse_qsl(unescape(query[1:])))
                there, query = f"{stem}{mark}.csv", ""
            return escape(posixpath.relpath(there, posixpath.dirname(name) or ".")) + query

        text = LINK.sub(relative, text)
        text = NO_SCRIPT.sub("<noscript>This needs JavaScript.</noscript>", text)
        text = DAY.sub('<input readonly type="date"', text)
        script = rf'<script src="\g<folder>files.js?v={self.release}" defer></script>'
        text = SCRIPT.sub(lambda found: f"{found.expand(script)}\n{found[0]}", text, count=1)
        # A host of files sends no such header; this part of it has no meaning in a page.
        policy = headers.get("Content-Security-Policy", "")
        if policy := re.sub(r";?\s*frame-ancestors[^;]*", "", policy):
            meta = f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
            text = text.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n{meta}', 1)
        return text.replace("</footer>", f"{self.note}</footer>", 1)

    def _file(self, path: str) -> str:
        """Return the file of an address: index.html, charts/x.html, charts/x.csv, static/x.css."""
        if path not in self._files:
            name = path.strip("/") or "index"
            if path.startswith("/static/") or (_part(path) and not path.endswith("/rows")):
                is_page = False
            else:
                is_page = _part(path) or self.get(path).mimetype == "text/html"
            self._files[path] = f"{name}.html" if is_page and not name.endswith(".html") else name
        return self._files[path]

    def _base(self, path: str) -> str:
        return self._file(path).removesuffix(".html")

    def _rest(self) -> None:
        """Write what is no page: static files, the page for what is not there, the release."""
        app = Path(sys.modules["app"].__file__ or "").parent
        without = shutil.ignore_patterns("*.br")
        for source, target in (("static", "static"), ("engine/static", "static/engine")):
            if (app / source).is_dir():
                shutil.copytree(
                    app / source, self.folder / target, ignore=without, dirs_exist_ok=True
                )
        (self.folder / "static").mkdir(exist_ok=True)
        own = Path(__file__).with_name("files.js").read_text("utf-8")
        pages = json.dumps(self.names, ensure_ascii=True)
        (self.folder / "static/files.js").write_text(own.replace("{}", pages, 1), "utf-8")
        missing = self.client.get("/no-such-page", base_url=f"http://localhost{ROOT}").text
        self._text("404.html", self._alone(missing))
        for folder in ("charts", "dashboards"):
            if (self.folder / folder).is_dir():
                self._text(f"{folder}/index.html", HOME)
        self._text("up", f"up {self.release}\n")
        self._text(".release", f"{self.release}\n")
        self._text(".nojekyll", "")  # GitHub would leave out what begins with _

    def _alone(self, page: str) -> str:
        """Return a page that needs no other file: nobody knows in which folder it will be shown."""
        names = STYLESHEET.findall(page)
        styles = "".join((self.folder / name).read_text("utf-8") for name in names)
        icon = self.folder / "static/icon.svg"
        if icon.is_file():
            code = base64.b64encode(icon.read_bytes()).decode()
            styles = styles.replace("icon.svg", f"data:image/svg+xml;base64,{code}")
        page = re.sub(r"<link [^>]*>\n?", "", page)
        page = re.sub(r"<script.*?</script>\n?", "", page, flags=re.DOTALL)
        page = page.replace("</head>", f"<style>{styles}</style>\n</head>", 1)
        return LINK.sub("./", page)

    def _text(self, name: str, text: str) -> None:
        file = self.folder / name
        file.write_text(text, "utf-8", newline="\n")
        self.written += 1


HOME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>To the first dashboard</title>
<meta http-equiv="refresh" content="0; url=../index.html">
</head>
<body><p><a href="../index.html">To the first dashboard</a></p></body>
</html>
"""


def _part(path: str) -> bool:
    """Return whether an address is a part of a chart's page: its rows, its JSON, its CSV."""
    return bool(re.fullmatch(r"/charts/[^/]+(/rows|/\w+\.json|\.csv)", path))


def _note(kinds: Mapping[str, str]) -> str:
    """Return what the footer says of the filters."""

    def said(kind: str, how: str = "") -> list[str]:
        names = [column.replace("_", " ") for column, each in kinds.items() if each == kind]
        return [escape(", ".join(names)) + how] if names else []

    live = [
        *said("several"),
        *said("one", " (one value at a time)"),
        *said("days", " (named spans)"),
    ]
    text = "This is a copy as files." + (f" Filters in it: {', '.join(live)}." if live else "")
    return f"<p>{text}{''.join(f' Fixed: {names}.' for names in said('fixed'))}</p>\n"


@contextmanager
def _all_rows(app: Flask) -> Iterator[None]:
    """Let a page of rows have all of them, up to ROWS."""
    before = app.config["TABLE_ROWS"]
    app.config["TABLE_ROWS"] = ROWS
    try:
        yield
    finally:
        app.config["TABLE_ROWS"] = before


class RememberedData:
    """A loader's data that runs each query once, though a page, its JSON and its CSV show the same."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self._query = lru_cache(500)(data.query)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._data, name)

    def query(self, sql: str, filters: Iterable[Any] = ()) -> Any:
        """Return the answer to a query, as a copy that its reader may change."""
        return self._query(sql, tuple(filters)).copy()

    def query_all(self, _sqls: list[str], _filters: Iterable[Any]) -> list[Any]:
        """Return nothing, so that charts are queried one by one, and their answers remembered."""
        return []


def _remember(draw: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a chart's figure() that draws each answer once."""
    figures: dict[str, Any] = {}

    def remembered(rows: Any) -> Any:
        key = rows.to_csv()
        if key not in figures:
            if len(figures) > 100:
                figures.clear()
            figures[key] = draw(rows)
        return figures[key]

    return remembered


def _prepare(engine: Any) -> None:
    """Bring all snapshots up to date and keep to them, and do no work twice."""
    for name, state in engine.freeze().items():
        if state.error or not state.built:
            raise ExportError(f"the loader {name} failed ({state.error}); the log above says why")
    for name, data in engine.data.items():
        engine.data[name] = RememberedData(data)
    for slug, chart in engine.charts.items():
        if chart.kind == "figure":
            engine.charts[slug] = replace(chart, draw=_remember(chart.draw))


def main(folder: str, release: str, part: str = "0", parts: str = "1") -> None:
    """Write the files, or a part of them, into a folder, and print what they are."""
    sys.path.insert(0, ".")
    package: Any = importlib.import_module("app")
    with tempfile.TemporaryDirectory() as cache:
        app: Flask = package.create_app(
            SECRET_KEY=secrets.token_hex(),
            DEBUG=False,
            UPDATE_SECONDS=0,
            RELEASE=release,
            CACHE=Path(cache),
        )
        try:
            _prepare(app.extensions["engine"])
            said = Export(app, Path(folder), release).run(int(part), int(parts))
        except ExportError as error:
            sys.exit(f"error: {error}")
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
