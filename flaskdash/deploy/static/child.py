"""Write a project's dashboards as files, in the project's own Python.

python child.py FOLDER RELEASE [PART PARTS CODE WRITTEN]: CODE is a digest of the project's files, and
WRITTEN is the digest in the report of the last copy. If the new digest is the same, nothing is written.

Each page is requested as a browser would, below a random path. No other text in the pages has that
path, so every link can be recognised and made relative. Each choice of filters becomes a page of its
own. The last line that this prints is a report in JSON, with the filters that work in the copy.
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
from datetime import date
from functools import lru_cache
from hashlib import sha256
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

MAX_CHOICES = 200  # copies of one page, one for each choice of filters
SIGN_IN = re.compile("sign.?in|log.?in|auth")  # in the address that a page redirects to
MAX_ROWS = 1000  # rows of a table; its CSV has all
ROOT = f"/{secrets.token_hex(8)}"
LINK = re.compile(rf'{ROOT}(?P<path>/[^"\'<>\s?#]*)?(?P<query>\?[^"\'<>\s#]*)?')
SCRIPT = re.compile(
    r'<script src="(?P<folder>[^"]*static/)'
)  # the first one, to put files.js before it
STYLESHEET = re.compile(rf'<link rel="stylesheet" href="{ROOT}/(static/[^"?]+)')
NO_SCRIPT = re.compile(r"<noscript>\s*<button>[^<]*</button>\s*</noscript>")
NOT = re.compile(r'<label class="not">.*?</label>')  # as many choices again
SERVER_LINK = re.compile(r"<a [^>]*data-server\b[^>]*>.*?</a>", re.DOTALL)  # to forms and uploads
DAY = re.compile(r'<input type="date"')
Pairs = tuple[tuple[str, str], ...]


class ExportError(Exception):
    """A page could not be written; the message has its path and the reason."""


class Form(HTMLParser):
    """The filters in a page's form: their kinds and their options, by column."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.kinds: dict[str, str] = {}
        self.options: dict[str, list[Pairs]] = {}
        self._inside = False
        self._column = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a filter's column, one of its options, or a named period of days."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = "filters" in attributes.get("class", "").split()
        if not self._inside:
            return
        if "data-column" in attributes:
            self._column = attributes["data-column"]
            self.options[self._column] = []
            if "data-default" in attributes:
                self.options[self._column].append(((self._column, ""),))
        if not self._column:
            return
        if tag == "input" and attributes.get("type") in {"checkbox", "radio"}:
            self.kinds[self._column] = "several" if attributes["type"] == "checkbox" else "one"
            if value := attributes.get("value"):
                name = attributes.get("name") or self._column  # region, or region.blank
                self.options[self._column].append(((name, value),))
        elif (
            tag == "input"
            and attributes.get("type") in {"date", "number", "search"}
            and attributes.get("name")
        ):
            self.kinds[self._column] = {"date": "days"}.get(attributes["type"], "free")
        elif tag == "a" and attributes.get("href", "").startswith("?"):
            pairs = tuple(parse_qsl(attributes["href"][1:]))
            self.options[self._column].append(pairs)

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"


def choose(forms: Mapping[str, Form]) -> tuple[dict[str, list[Pairs]], dict[str, str]]:
    """Return by column the options of each filter, and its kind: several, one, days or fixed.

    The first option of each filter is empty: no choice. Filters with few options take precedence,
    and combinations of several values come last. No page gets more than MAX_CHOICES copies.
    """
    form_kinds: dict[str, str] = {}
    form_options: dict[str, dict[Pairs, None]] = {}
    for form in forms.values():
        for column, kind in form.kinds.items():
            is_free = "free" in (kind, form_kinds.get(column))
            form_kinds[column] = "free" if is_free else kind
            form_options.setdefault(column, {}).update(dict.fromkeys(form.options[column]))
    options: dict[str, list[Pairs]] = {}
    kinds = dict.fromkeys(form_kinds, "fixed")

    def fits(column: str, count: int) -> bool:
        for form in forms.values():
            if column in form.kinds:
                names = [name for name in form.kinds if name in options and name != column]
                if count * prod(len(options[name]) for name in names) > MAX_CHOICES:
                    return False
        return True

    for column in sorted(form_kinds, key=lambda name: len(form_options[name])):
        choices = list(form_options[column])
        if form_kinds[column] != "free" and choices and fits(column, len(choices) + 1):
            options[column] = [(), *choices]
            kinds[column] = "days" if form_kinds[column] == "days" else "one"
    for column in [name for name in options if form_kinds[name] == "several"]:
        cleared = [((column, ""),)] if ((column, ""),) in options[column] else []
        choices = [choice for choice in options[column] if choice and choice not in cleared]
        if len(choices) <= MAX_CHOICES.bit_length() and fits(column, 2 ** len(choices)):
            sizes = range(len(choices) + 1)
            sets = chain.from_iterable(combinations(choices, size) for size in sizes)
            options[column] = [tuple(chain.from_iterable(choice_set)) for choice_set in sets]
            options[column] += cleared
            kinds[column] = "several"
    return options, kinds


def suffix(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the suffix of a file's name for these filters; files.js computes the same one."""
    texts = {f"{name}={value}".replace("\r\n", "\n") for name, value in pairs}
    if not texts:
        return ""
    digest = 0xCBF29CE484222325  # FNV-1a
    for byte in "\0".join(sorted(texts, key=lambda text: text.encode("utf-16-be"))).encode():
        digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return f".{digest:016x}"


class Export:
    """Writes the files of a project's dashboards."""

    def __init__(self, app: Flask, folder: Path, release: str) -> None:
        self.app, self.folder, self.release = app, folder, release
        self.client = app.test_client()
        self.engine: Any = app.extensions["engine"]
        self.names: dict[str, list[str]] = {}  # the names of the live filters' fields, by page
        self.note = ""
        self.written = 0
        self._files: dict[str, str] = {}

    def run(self, part: int, parts: int, inputs: str, written: str) -> dict[str, Any]:
        """Write one of several equal parts of the pages, and return the report."""
        for name, data in self.engine.data.items():
            if getattr(getattr(data, "loader", None), "visible", None):
                raise ExportError(
                    f"the loader {name} has visible(user): each visitor sees rows of their own, and a"
                    " static copy is the same for all"
                )
        pages = self._crawl()
        digest = self._digest(pages, inputs)
        if digest == written:
            return {"digest": digest, "files": 0}
        forms = {path: Form(text) for path, text in pages.items()}
        options, kinds = choose(forms)
        self._narrow(kinds)
        for path, form in forms.items():
            columns = [column for column in form.kinds if column in options]
            choices = chain.from_iterable(options[column] for column in columns)
            self.names[self._base(path)] = sorted({name for pairs in choices for name, _ in pairs})
        self.note = _note(kinds)
        # The order is by state, so that a query which several pages share runs once.
        todo: set[tuple[Pairs, str]] = set()
        for path, form in forms.items():
            filters = [options[column] for column in form.kinds if column in options]
            for choice in product(*filters):
                todo.add((tuple(chain.from_iterable(choice)), path))
        states = sorted({state for state, _ in todo})
        part_states = set(states[part::parts])
        for state, path in sorted(todo):
            if state in part_states:
                self._write_state(path, state)
        if part == 0:
            self._write_static()
        return {
            "digest": digest,
            "files": self.written,
            "pages": len(forms),
            "choices": len(todo),
            "filters": kinds,
            "hidden": self._hidden(),
        }

    def _hidden(self) -> dict[str, str]:
        """Return why charts are not in the copy, by slug."""
        closed = {*getattr(self.engine, "dashboard_roles", ())}
        reasons = {}
        for slug, chart in self.engine.charts.items():
            dashboards = getattr(chart, "dashboards", ())
            if getattr(chart, "roles", ()):
                reasons[slug] = "its ROLES hide it"
            elif dashboards and closed.issuperset(dashboards):
                reasons[slug] = "DASHBOARD_ROLES hides its dashboards"
        return reasons

    def _digest(self, pages: Mapping[str, str], inputs: str) -> str:
        """Return a digest of all that the files depend on.

        The day is part of it, because SQL may ask for the last 30 days. The pages are, because they
        may show what is in no file of the project, such as an environment variable.
        """
        text = json.dumps([inputs, date.today().isoformat(), sys.version, pages])
        return sha256(text.replace(ROOT, "").replace(self.release, "").encode()).hexdigest()

    def get(self, path: str, query: str = "") -> TestResponse:
        """Request a page from the app below ROOT; raise ExportError unless the answer is 200."""
        answer = self.client.get(path, query_string=query, base_url=f"http://localhost{ROOT}")
        if answer.status_code != 200:
            address = f"{path}?{query}" if query else path
            main = answer.text.partition("<main")[2].partition(">")[2]
            reason = " ".join(re.sub(r"<[^>]*>", " ", main).split())
            if answer.status_code in (401, 403) or SIGN_IN.search(answer.location or ""):
                raise ExportError(
                    f"{address} asks to sign in, and a static copy cannot: it is open to everybody"
                    " who has its address"
                )
            raise ExportError(f"{address} answers {answer.status_code}: {reason[:200]}")
        if "This chart could not be drawn" in answer.text:
            raise ExportError(f"a chart on {path} could not be drawn; the log above has the reason")
        return answer

    def _crawl(self) -> dict[str, str]:
        """Return the pages that links lead to, without filters, by path."""
        todo, pages = ["/"], {}
        for path in todo:
            answer = self.get(path)
            if answer.mimetype != "text/html":
                continue
            pages[path] = text = SERVER_LINK.sub("", answer.text)
            for link in LINK.finditer(text):
                target = link["path"] or "/"
                is_page = not target.startswith("/static/") and not _is_part(target)
                if is_page and target not in todo:
                    todo.append(target)
        return pages

    def _narrow(self, kinds: Mapping[str, str]) -> None:
        """Remove the fixed filters from the charts, and adapt the form of the live ones."""
        for slug, chart in self.engine.charts.items():
            filters = {}
            for column, declared in chart.filters.items():
                _, equals, default = declared.partition("=")
                if kinds.get(column) == "one":
                    filters[column] = f"single{equals}{default.partition(',')[0]}"
                elif kinds.get(column, "fixed") != "fixed":
                    filters[column] = declared
            self.engine.charts[slug] = replace(chart, filters=filters)
        # Another version, so that answers which were cached with the former filters are not used.
        self.engine.cache.code_version = self.release

    def _write_state(self, path: str, state: Pairs) -> None:
        """Write a page under some filters; for a chart, its rows and CSV too, and all data as JSON."""
        query, mark = urlencode(state), suffix(state)
        self._write(path, self.get(path, query), mark)
        slug = path.removeprefix("/charts/")
        if slug not in self.engine.charts:
            return
        if not state:
            is_figure = self.engine.charts[slug].kind == "figure"
            for part in ("data.json", "figure.json") if is_figure else ("data.json",):
                self._write(f"{path}/{part}", self.get(f"{path}/{part}"), "")
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
        with file.open("xb") as out:  # two states never have the same name
            out.write(body)
        self.written += 1

    def _page(self, name: str, text: str, headers: Mapping[str, Any]) -> str:
        """Make the links of a page relative, and let its filters work without a server."""

        def relative(link: re.Match[str]) -> str:
            path = unescape(link["path"] or "/")
            file = self._file(path)
            # files.js finds the CSV of the filters that are chosen when a link to it is clicked.
            query = "" if path.endswith(".csv") else link["query"] or ""
            return escape(posixpath.relpath(file, posixpath.dirname(name) or ".")) + query

        text = LINK.sub(relative, SERVER_LINK.sub("", text))
        text = NO_SCRIPT.sub("<noscript>This needs JavaScript.</noscript>", text)
        text = NOT.sub("", text)
        text = DAY.sub('<input readonly type="date"', text)
        script = rf'<script src="\g<folder>files.js?v={self.release}" defer></script>'
        text = SCRIPT.sub(lambda match: f"{match.expand(script)}\n{match[0]}", text, count=1)
        # A static host does not send this header. frame-ancestors has no effect in a page.
        policy = headers.get("Content-Security-Policy", "")
        if policy := re.sub(r";?\s*frame-ancestors[^;]*", "", policy):
            meta = f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
            text = text.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n{meta}', 1)
        return text.replace("</footer>", f"{self.note}</footer>", 1)

    def _file(self, path: str) -> str:
        """Return the file of a path: index.html, charts/x.html, charts/x.csv, static/x.css."""
        if path not in self._files:
            name = path.strip("/") or "index"
            if path.startswith("/static/") or (_is_part(path) and not path.endswith("/rows")):
                is_page = False
            else:
                is_page = _is_part(path) or self.get(path).mimetype == "text/html"
            self._files[path] = f"{name}.html" if is_page and not name.endswith(".html") else name
        return self._files[path]

    def _base(self, path: str) -> str:
        return self._file(path).removesuffix(".html")

    def _write_static(self) -> None:
        """Write the static files, the page for missing addresses, and the release."""
        app = Path(sys.modules["app"].__file__ or "").parent
        ignore = shutil.ignore_patterns("*.br")
        for source, target in (("static", "static"), ("engine/static", "static/engine")):
            if (app / source).is_dir():
                shutil.copytree(
                    app / source, self.folder / target, ignore=ignore, dirs_exist_ok=True
                )
        (self.folder / "static").mkdir(exist_ok=True)
        script = Path(__file__).with_name("files.js").read_text("utf-8")
        pages = json.dumps(self.names, ensure_ascii=True)
        (self.folder / "static/files.js").write_text(script.replace("{}", pages, 1), "utf-8")
        missing = self.client.get("/no-such-page", base_url=f"http://localhost{ROOT}").text
        self._write_text("404.html", self._self_contained(missing))
        for folder in ("charts", "dashboards"):
            if (self.folder / folder).is_dir():
                self._write_text(f"{folder}/index.html", HOME)
        self._write_text("up", f"up {self.release}\n")
        self._write_text(".release", f"{self.release}\n")
        self._write_text(".nojekyll", "")  # without it, GitHub leaves out files that begin with _

    def _self_contained(self, page: str) -> str:
        """Return the page with its styles and icon inside, because it is shown at unknown paths."""
        names = STYLESHEET.findall(page)
        styles = "".join((self.folder / name).read_text("utf-8") for name in names)
        icon = self.folder / "static/icon.svg"
        if icon.is_file():
            code = base64.b64encode(icon.read_bytes()).decode()
            styles = styles.replace("icon.svg", f"data:image/svg+xml;base64,{code}")
        page = re.sub(r"<link [^>]*>\n?", "", page)
        page = re.sub(r"<script.*?</script>\n?", "", page, flags=re.DOTALL)
        page = page.replace("</head>", f"<style>{styles}</style>\n</head>", 1)
        return LINK.sub("./", SERVER_LINK.sub("", page))

    def _write_text(self, name: str, text: str) -> None:
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


def _is_part(path: str) -> bool:
    """Return whether a path is a part of a chart's page: its rows, choices, JSON or CSV."""
    return bool(re.fullmatch(r"/charts/[^/]+(/rows|/choices|/\w+\.json|\.csv)", path))


def _note(kinds: Mapping[str, str]) -> str:
    """Return a paragraph for the footer about the filters in this copy."""

    def names(kind: str) -> str:
        columns = [column for column, column_kind in kinds.items() if column_kind == kind]
        return escape(", ".join(column.replace("_", " ") for column in columns))

    live = [names("several")] if names("several") else []
    if names("one"):
        live.append(f"{names('one')} (one value at a time)")
    if names("days"):
        live.append(f"{names('days')} (named periods)")
    text = "This page is a static copy."
    if live:
        text += f" Filters in it: {', '.join(live)}."
    if names("fixed"):
        text += f" Filters left out: {names('fixed')}."
    return f"<p>{text}</p>\n"


@contextmanager
def _all_rows(app: Flask) -> Iterator[None]:
    """Let a page of rows have up to MAX_ROWS rows."""
    before = app.config["TABLE_ROWS"]
    app.config["TABLE_ROWS"] = MAX_ROWS
    try:
        yield
    finally:
        app.config["TABLE_ROWS"] = before


class CachedData:
    """A loader's data that caches each answer, because a page, its JSON and its CSV share it."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self._query = lru_cache(500)(data.query)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._data, name)

    def query(self, sql: str, filters: Iterable[Any] = ()) -> Any:
        """Return a copy of the answer, which the caller may change."""
        return self._query(sql, tuple(filters)).copy()

    def query_all(self, _sqls: list[str], _filters: Iterable[Any]) -> list[Any]:
        """Return no answers, so that charts use `query`, whose answers are cached."""
        return []


def _cache_figures(draw: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Wrap a chart's figure() so that it draws each answer once."""
    figures: dict[str, Any] = {}

    def draw_once(rows: Any) -> Any:
        key = rows.to_csv()
        if key not in figures:
            if len(figures) > 100:
                figures.clear()
            figures[key] = draw(rows)
        return figures[key]

    return draw_once


def _prepare(engine: Any) -> str:
    """Update and freeze all snapshots, cache answers and figures; return the snapshots' states."""
    states = engine.freeze()
    for name, state in states.items():
        if state.error or not state.built:
            raise ExportError(
                f"the loader {name} failed ({state.error}); the log above has the reason"
            )
    for name, data in engine.data.items():
        engine.data[name] = CachedData(data)
    for slug, chart in engine.charts.items():
        if chart.kind == "figure":
            engine.charts[slug] = replace(chart, draw=_cache_figures(chart.draw))
    return repr([(name, state.built, state.rows) for name, state in sorted(states.items())])


def main(
    folder: str, release: str, part: str = "0", parts: str = "1", code: str = "", written: str = ""
) -> None:
    """Write a part of the files into a folder, and print the report."""
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
            inputs = code + _prepare(app.extensions["engine"])
            report = Export(app, Path(folder), release).run(int(part), int(parts), inputs, written)
        except ExportError as error:
            sys.exit(f"error: {error}")
    print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
