"""Hostile names, cells, file names, titles and addresses: text stays text, wherever it goes.

One project is made from a file whose header and cells try to get out of HTML, JSON, SQL, Plotly's
templates, spreadsheets and Python; it has a chart of each kind for each pair of its columns.
"""

from __future__ import annotations

import ast
import collections
import copy
import csv
import html
import io
import itertools
import json
import re
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlencode, urlsplit

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, expect

from flaskdash.charts import sql
from flaskdash.charts.kinds import KINDS, Chart
from flaskdash.cli import cli
from flaskdash.generate import add
from flaskdash.inspect.model import Column
from flaskdash.names import identifier
from flaskdash.project import Project, results
from tests.support.fixtures import Cli
from tests.support.loaders import run_loaders_once
from tests.support.projects import module_of_skeleton, own_environment, start_error
from tests.support.web import Watched, fetch, serving, wait_for_data

SCRIPT = "</script><script>alert(1)</script>"
LINK = '<a href="javascript:alert(1)">x</a>'
FORMULA = '=HYPERLINK("http://x","y")'
TITLE = f'{SCRIPT}"); import os; os.system("touch PWNED") # {{{{ 7*7 }}}} """ \\'
TEXTS = [  # the header of a column of text, and the name it goes by
    (SCRIPT, SCRIPT),
    ("'''", "'''"),
    ("{% raw %}", "{% raw %}"),
    ("%{y}<extra>", "%{y}<extra>"),
    ("tab\tname", "tab name"),
    ("🎉", "🎉"),
    ("zero\u200bwidth", "zero width"),
    ("  padded  ", "padded"),
    ("Dup", "Dup"),
    ("class", "class"),
    ("rows", "rows"),
    ("select", "select"),
    (FORMULA, FORMULA),
    ("@SUM", "@SUM"),
    ("<b>bold</b>", "<b>bold</b>"),
    ("total_of_bar", "total_of_bar"),
    ("a AS b", "a AS b"),
]
NUMBERS = [  # the same for columns of numbers
    ('"); import os; os.system("touch PWNED")  #', '"); import os; os.system("touch PWNED")  #'),
    ('"""', '"""'),
    ("back\\slash\\", "back\\slash\\"),
    ("{{ 7*7 }}", "{{ 7*7 }}"),
    ("${x}", "${x}"),
    ("new\nline", "new line"),
    ("cr\rname", "cr name"),
    ("\u202eright", "right"),
    ("", "column_19"),
    ("dup", "dup_2"),
    ("order", "order"),
    ("count", "count"),
    ("; DROP TABLE hostile; --", "; DROP TABLE hostile; --"),
    ("+1", "+1"),
    (LINK, LINK),
    ("day.from", "day.from"),
    ("leading", "leading"),
]
CELLS = [
    SCRIPT,
    LINK,
    FORMULA,
    "<img src=x onerror=alert(1)>",
    "'; DROP TABLE hostile; --",
    "\"\"\" ''' \\",
    "{{ 7*7 }}",
    "%{y}<extra>%{x}</extra>",
    "+1",
    "@SUM(A1)",
    "two\nlines",
    "&lt;b&gt;&amp;",
    "\u05e2\u05d1\u05e8\u05d9\u05ea 🎉",
]
ROWS = 260
FILES = ["class", "order", "9lives", "con", "🎉", '"); import os', "<script>", "x'y", "-rf"]


def cell(row: int, column: int) -> str:
    return CELLS[(row + column * row // len(CELLS)) % len(CELLS)]


def hostile_csv() -> str:
    """Return a day, then text and numbers by turns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    pairs = zip([old for old, _ in TEXTS], [old for old, _ in NUMBERS], strict=True)
    writer.writerow(["day", *itertools.chain(*pairs)])
    for row in range(ROWS):
        day = f"2024-{row // 28 % 12 + 1:02}-{row % 28 + 1:02}"
        values = [(cell(row, n), (row * 7 + n) % 50 + n % 2 / 2) for n in range(len(TEXTS))]
        writer.writerow([day, *itertools.chain(*values)])
    return out.getvalue()


def specs(n: int) -> list[Chart]:
    """Return a chart of each kind for the n-th text and number, titled after its columns."""
    text, number = TEXTS[n][1], NUMBERS[n][1]
    more, second = TEXTS[n - 1][1], NUMBERS[n - 1][1]
    filters = ("day", text, more)
    time = {"x": "day", "grain": "month"}
    flags: dict[str, dict[str, Any]] = {
        "kpi": {"y": number},
        "line": {**time, "y": number, "color": text},
        "bar": {"x": text, "y": number, "color": more},
        "scatter": {"x": second, "y": number, "color": text},
        "histogram": {"x": number},
    }
    if n % 4 == 1:
        flags["kpi"] |= time
    if n % 4 == 0:  # the names of all columns are in the kinds above
        flags |= {
            "area": {**time, "y": number, "agg": "sum", "color": text},
            "pie": {"x": text, "y": number, "agg": "sum"},
            "donut": {"x": text},
            "bubble": {"x": second, "y": number, "size": number, "color": text},
            "heatmap": {"x": text, "by": more, "y": number},
            "box": {"x": text, "y": number},
            "violin": {"x": more, "y": number},
            "choropleth": {"x": text, "y": number},
            "map": {"x": second, "y": number, "size": number, "color": text},
            "treemap": {"x": text, "by": more, "y": number, "agg": "sum"},
            "sunburst": {"x": text},
            "funnel": {"x": text, "y": number},
            "waterfall": {"x": text, "y": number, "agg": "sum"},
            "gauge": {"y": number, "target": 10.0},
            "bullet": {"x": text, "y": number, "target": 10.0},
            "text": {"y": number},
            "candlestick": {**time, "y": number},
            "radar": {"x": text, "y": number, "color": more},
            "sankey": {"x": text, "by": more, "y": number, "agg": "sum"},
            "table": {},
        }
    return [Chart(kind, "hostile", "", filters=filters, **more) for kind, more in flags.items()]


def flaskdash_(*args: str) -> str:
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def hostile(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project: a dashboard for each pair of columns, and loaders with hostile names."""
    folder = tmp_path_factory.mktemp("hostile")
    source = folder / "hostile.csv"
    source.write_text(hostile_csv(), "utf-8", newline="")
    root = folder / "shop"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(add, "_check_places", lambda chart, table: None)  # none of these is a place
        command = ("new", "shop", "--data", str(source), "--title", TITLE)
        flaskdash_(*command, "--no-install", "--no-git")
        own_environment(root, shared_project)
        patch.chdir(root)
        for name in FILES:
            path = folder / f"{name}.csv"
            path.write_text("region,revenue\n" + "Tea,1\nCocoa,2\n" * 20, "utf-8")
            flaskdash_("add-data", "--", str(path))
        project = Project.find(root)
        table = results.load_table(project, "hostile")
        for n in range(len(TEXTS)):
            for chart in specs(n):
                place = f"Pair {n}" if n else SCRIPT
                add.add_chart(
                    project,
                    table,
                    chart,
                    f"{chart.kind}_{n}",
                    lambda line: None,
                    dashboard=place,
                )
        for text, (_, name) in enumerate(TEXTS):
            filters = ("day", *(new for _, new in TEXTS))
            rows = Chart("bar", "hostile", TITLE, x=name, filters=filters)
            add.add_chart(project, table, rows, f"rows_{text}", lambda line: None, dashboard="Rows")
    return root


@pytest.fixture(scope="module")
def site(hostile: Path) -> Iterator[str]:
    with serving(hostile) as url:
        wait_for_data(url)
        yield url


def data(url: str) -> list[list[object]]:
    status, body = fetch(url)
    assert status == 200, body
    rows: list[list[object]] = json.loads(body)["rows"]
    return rows


def counts(column: int) -> dict[str, int]:
    return dict(collections.Counter(cell(row, column) for row in range(ROWS)))


def modules(root: Path) -> list[Path]:
    return [
        path
        for folder in ("charts", "loaders")
        for path in sorted((root / "app" / folder).glob("*.py"))
        if path.name != "__init__.py"
    ]


# Generated Python


def test_each_column_has_a_chart_of_each_kind(hostile: Path) -> None:
    names = {path.stem for path in modules(hostile)}
    assert names >= {f"{kind}_0" for kind in KINDS}
    assert names >= {f"bar_{n}" for n in range(len(TEXTS))}
    assert names >= {identifier(name, "data") for name in FILES}


def test_what_is_generated_is_as_ruff_lays_it_out(hostile: Path) -> None:
    ruff = hostile / ".venv/bin/ruff"
    for command in (["format", "--check", "--no-cache"], ["check", "--no-cache"]):
        completed = subprocess.run([ruff, *command], cwd=hostile, capture_output=True, text=True)
        assert completed.returncode == 0, completed.stdout + completed.stderr


ASSIGNED = {
    "TEXT",
    "TITLE",
    "DATA",
    "FILTERS",
    "DASHBOARDS",
    "GRAIN",
    "ORDER",
    "SIZE",
    "SQL",
    "SOURCE",
}
CALLED = {"figure.add_bar", "figure.add_scatter", "df.groupby", "str", "number", "Path"}
CALLED |= {"df.sort_values", "df.index.astype", "df.groupby()[0].sum", "len", "max"}
CALLED |= {f"{frame}[0].astype" for frame in ("df", "part", "tops")}
CALLED |= {f"{frame}[0].fillna" for frame in ("df", "part")}
CALLED |= {f"df[0].{name}" for name in ("max", "map", "unique", "value_counts", "str.replace")}
CALLED |= {f"df[0].astype().{name}" for name in ("map", "unique")}
CALLED |= {f"figure.add_{trace}" for trace in ("violin", "scattergeo", "scatterpolar")}
CALLED |= {f"go.{trace}" for trace in "Pie Heatmap Box Choropleth Scattergeo Treemap".split()}
CALLED |= {f"go.{trace}" for trace in "Sunburst Funnel Waterfall Indicator Candlestick".split()}
CALLED |= {
    "go.Scatterpolar",
    "go.Sankey",
    "abs",
    "course",
    "figure.add_vrect",
    "df[0].min",
    "high.max",
    "low.min",
    "min",
    "markdown",
}
CALLED |= {"every_step", "period", "largest", "shares", "middle", "related"}
CALLED |= {"df.groupby()[0].last", "df.groupby()[0].last().nlargest"}
CALLED |= {"go.Figure", "go.Bar", "go.Scatter", "pd.read_csv", "pd.to_datetime", "dict.fromkeys"}
IMPORTED = {"__future__", "pathlib", "typing", "pandas", "plotly.graph_objects", "app.helpers"}
IMPORTED |= {"app.sparkline", "app.markdown", "app.notes", "app.steps"}


class Bare(ast.NodeTransformer):
    """Takes names of columns and arguments off: df["a"].max is df[0].max."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return ast.Subscript(self.visit(node.value), ast.Constant(0), node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return ast.Call(self.visit(node.func), [], [])


def test_no_statement_got_in(hostile: Path) -> None:
    for path in modules(hostile):
        docstring, *body = ast.parse(path.read_text("utf-8")).body
        assert isinstance(docstring, ast.Expr)
        for node in body:
            match node:
                case ast.Import() | ast.ImportFrom() | ast.If(test=ast.Name(id="TYPE_CHECKING")):
                    pass
                case ast.Assign(targets=[ast.Name(id=name)]):
                    assert name in ASSIGNED, path
                case ast.FunctionDef(name=name):
                    assert name in {"load", "figure", "kpi", "table", "text", "note"}, path
                case _:
                    pytest.fail(f"{path}: {ast.unparse(node)}")
        for node in (each for top in body for each in ast.walk(top)):
            if isinstance(node, ast.Call):
                name = ast.unparse(Bare().visit(copy.deepcopy(node.func)))
                assert name in CALLED, path
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= IMPORTED, path
            if isinstance(node, ast.ImportFrom):
                assert node.module in IMPORTED, path


def test_its_own_tests_pass_and_nothing_ran(hostile: Path) -> None:
    command = [hostile / ".venv/bin/pytest", "-q", "-p", "no:cacheprovider"]
    completed = subprocess.run(command, cwd=hostile, capture_output=True, text=True)
    assert completed.returncode == 0, completed.stdout[-5000:]
    assert re.fullmatch(r"\d+ passed in .*", completed.stdout.splitlines()[-1])
    assert not list(hostile.parent.rglob("PWNED*"))


# SQL


def duckdb_words() -> list[str]:
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT keyword_name FROM duckdb_keywords()").fetchall()
    return sorted(word for (word,) in rows)


def test_each_word_of_sql_can_be_a_column_and_a_file() -> None:
    with duckdb.connect() as connection:
        for word in duckdb_words():
            chart = Chart("bar", identifier(word, "data"), "", x=word, agg="count")
            query = sql.select(chart, {word: Column(word, "text", "category", 0, 1)})
            table = f'WITH "{chart.data}" AS (SELECT \'v\' AS "{word}") '
            assert connection.execute(table + query).fetchall() == [("v", 1)], word


@pytest.mark.parametrize("kind", ["bar", "line"])
def test_a_column_by_itself_is_counted_not_shown(kind: str) -> None:
    column = Column("units", "integer", "measure", 0, 3, agg="sum")
    chart = Chart(kind, "sales", "", x="units", y="units", agg="sum")
    query = sql.select(chart, {"units": column})
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE sales AS SELECT unnest([2, 2, 5]) AS units")
        frame = connection.execute(query).df()
    assert dict(zip(frame["units"], frame[sql.measure_name(chart)], strict=True)) == {2: 4, 5: 5}


@pytest.mark.parametrize("column", range(len(TEXTS)), ids=[name for _, name in TEXTS])
def test_a_filter_lets_exactly_its_rows_through(site: str, column: int) -> None:
    name, expected = TEXTS[column][1], counts(column)
    address = f"{site}/charts/rows-{column}/data.json"
    assert {str(text): n for text, n in data(address)} == expected  # each raw text as it was
    for text, n in expected.items():
        assert data(f"{address}?{urlencode({name: text})}") == [[text, n]]
    both = CELLS[:2]
    rows = data(f"{address}?{urlencode({name: both}, doseq=True)}")
    assert {text for text, _ in rows} == set(both)


ALL, NONE = ROWS, 0
ADDRESSES = [
    (f"{quote_plus(SCRIPT)}='%3B+DROP+TABLE+hostile%3B+--+x", NONE),
    (f"{quote_plus(SCRIPT)}=1'+OR+'1'%3D'1", NONE),
    (f"{quote_plus(SCRIPT)}=%00", NONE),
    (f"{quote_plus(SCRIPT)}=%2B1%00", NONE),
    (f"{quote_plus(SCRIPT)}=%ff%fe", NONE),
    (f"{quote_plus(SCRIPT)}=%ed%a0%80", NONE),
    (f"{quote_plus(SCRIPT)}=%f0%9f%8e%89", NONE),
    (f"{quote_plus(SCRIPT)}=" + "x" * 3000, NONE),
    (f"{quote_plus(SCRIPT)}=", ALL),
    (quote_plus(SCRIPT), ALL),
    ("nope=1&region=North&__class__=1", ALL),
    ("hostile=1&snapshot=1&f0=1&%24f0=1", ALL),
    ('"%3B+DROP+TABLE+hostile%3B+--=1', ALL),
    ("day.from=garbage&day.to=2024-99-99", ALL),
    ("day.from=%00&day.to=%ff", ALL),
    ("day.from=0001-01-01&day.to=9999-12-31", ALL),
    ("day.from=9999-12-31", NONE),
    ("day=2024-01-01", NONE),
    ("&&&==&=&%", ALL),
    (f"{quote_plus(SCRIPT)}.from=2024-01-01", ALL),
    (f"{quote_plus(SCRIPT)}.to=1e3", ALL),
    (f"{quote_plus(SCRIPT)}.has=", ALL),
    (f"{quote_plus(SCRIPT)}.has=%00", NONE),
    (f"{quote_plus(SCRIPT)}.has=%ff%fe", NONE),
    (f"{quote_plus(SCRIPT)}.has='+OR+'1'%3D'1", NONE),
    (f"{quote_plus(SCRIPT)}.has=" + "x" * 3000, NONE),
    ("day.from=1&day.to=2&day.has=2024", ALL),
]


@pytest.mark.parametrize(("query", "rows"), ADDRESSES, ids=[query[:60] for query, _ in ADDRESSES])
def test_hostile_filters_find_no_more_than_they_say(site: str, query: str, rows: int) -> None:
    assert sum(int(str(n)) for _, n in data(f"{site}/charts/rows-0/data.json?{query}")) == rows
    assert fetch(f"{site}/charts/rows-0?{query}")[0] == 200


def test_of_many_values_none_is_forgotten(site: str) -> None:
    name = TEXTS[5][1]  # 🎉, the shortest
    values = [f"{n:03}" for n in range(200)] + ["+1"]  # in order, the last but for those before
    query = urlencode({name: [*values, "zzz", CELLS[-1]]}, doseq=True)
    rows = data(f"{site}/charts/rows-5/data.json?{query}")
    assert {text for text, _ in rows} == {"+1", CELLS[-1]}


@pytest.mark.parametrize(
    "path",
    ["/charts/%00", "/charts/%ff.csv", "/dashboards/%ed%a0%80", "/static/%00", "/static/%ff.js"]
    + ["/static/..%2fconfig.py", "/static/%2e%2e%2f%2e%2e%2f.env", "/charts/" + "x" * 2000]
    + ["/static/" + "x" * 2000, "/dashboards/" + quote(SCRIPT), "/" + quote("{{ 7001*7001 }}")],
)
def test_hostile_paths_are_not_found(site: str, path: str) -> None:
    status, body = fetch(site + path)
    assert status == 404
    assert b"49014001" not in body
    assert SCRIPT.encode() not in body


# Files for spreadsheets


def test_csv_holds_no_formula_and_nothing_else_changed(site: str) -> None:
    for column, (_, name) in enumerate(TEXTS):
        status, body = fetch(f"{site}/charts/rows-{column}.csv")
        assert status == 200
        header, *rows = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
        texts = [header[0], *(row[0] for row in rows)]
        assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert header[0].removeprefix("'") in {name, name.removeprefix("'")}
        cells = {text if text in counts(column) else text.removeprefix("'") for text in texts[1:]}
        assert cells == set(counts(column))


# Pages


def test_a_figure_does_not_end_its_script(site: str) -> None:
    for path in ("/", "/dashboards/pair-3", "/dashboards/rows"):
        page = fetch(site + path)[1].decode()
        figures = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)
        assert len(figures) == len(re.findall(r'<div class="chart"', page)) > 1
        assert all(json.loads(figure)["data"] for figure in figures)


def drawn(page: Page, count: int) -> None:
    """Wait until so many figures are drawn."""
    figures = page.locator(".js-plotly-plot:has(.main-svg .trace)")
    figures.nth(count - 1).wait_for(state="attached", timeout=10_000)


def check_page(watched: Watched) -> None:
    """Check that a page has no element that came out of the data."""
    page = watched.page
    scripts = page.evaluate(
        "() => [...document.scripts].map((each) => each.type + new URL(each.src || 'a:').pathname)"
    )
    assert {re.sub(r".*\.js", "js", script) for script in scripts} <= {"application/json", "js"}
    assert page.locator("a[href^='javascript' i], img, iframe, b, style:not(:empty)").count() == 0
    hosts = page.evaluate(
        "() => [...document.querySelectorAll('a')].filter((a) => a.href).map((a) => new URL(a.href.baseVal ?? a.href).host)"
    )
    assert set(hosts) == {urlsplit(page.url).netloc}


@pytest.mark.parametrize("number", range(0, len(TEXTS), 4))
def test_a_dashboard_shows_text_as_text(site: str, watched: Watched, number: int) -> None:
    page = watched.page
    page.goto(f"{site}/charts/bar-{number}")
    page.get_by_role("link", name="←").click()
    drawn(watched.page, 4)
    check_page(watched)
    assert page.title().endswith(TITLE)
    assert page.locator(".brand").inner_text() == TITLE
    words = page.locator("body").text_content() or ""
    assert TEXTS[number][1] in words
    plotted = " ".join(page.locator(".plot > :not(script)").all_text_contents())
    assert page.locator(".axis *").count() == 0
    assert "{{ 7*7 }}" in plotted
    assert "%{y}<extra>%{x}</extra>" in plotted
    assert LINK[:20] in plotted
    assert "49" not in re.sub(r"\s49\b", "", page.locator(".chart").last.inner_text())


def test_a_chart_page_shows_text_as_text(site: str, watched: Watched) -> None:
    watched.page.goto(f"{site}/charts/rows-0")
    drawn(watched.page, 1)
    check_page(watched)
    assert watched.page.locator("h1").inner_text() == " ".join(TITLE.split())
    cells = watched.page.locator("td:first-child").all_text_contents()
    assert set(cells) == set(CELLS)
    heads = watched.page.locator("th").all_text_contents()
    assert heads == [SCRIPT, "Count"]


def check_hover(page: Page, trace: int, point: int, text: str) -> None:
    """Check that a point under the pointer shows a text, as it is and whole."""
    page.evaluate(
        "([curveNumber, pointNumber]) => Plotly.Fx.hover(document.querySelector('.chart'),"
        " [{ curveNumber, pointNumber }])",
        [trace, point],
    )
    expect(page.locator(".chart .hoverlayer")).to_contain_text(text)


def test_hover_shows_text_as_text_and_whole(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/charts/rows-0")
    drawn(page, 1)
    for point, (text, _) in enumerate(data(f"{site}/charts/rows-0/data.json")):
        check_hover(page, 0, point, str(text))
    page.goto(f"{site}/charts/bar-1")
    drawn(page, 1)
    names = page.evaluate(
        "() => document.querySelector('.chart').data.map((trace) => trace.meta ?? trace.name)"
    )
    assert {html.unescape(name) for name in names} == set(CELLS)
    for trace, name in enumerate(names):
        check_hover(page, trace, 0, html.unescape(name))
    check_page(watched)


@pytest.mark.parametrize("scripted", [True, False])
def test_a_value_with_a_line_break_can_be_chosen(
    shared_project: Path, tmp_path: Path, watched: Watched, scripted: bool
) -> None:
    source = tmp_path / "breaks.csv"
    rows = ["unix\nbreak", "dos\r\nbreak", "plain"] * 20
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["place", "n"], *((r, 1) for r in rows)])
    source.write_bytes(out.getvalue().encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        flaskdash_("new", "shop", "--data", str(source), "--no-install", "--no-git")
    own_environment(tmp_path / "shop", shared_project)
    browser = watched.page.context.browser
    assert browser
    with serving(tmp_path / "shop") as url:
        wait_for_data(url)
        context = browser.new_context(java_script_enabled=scripted)
        for place in ("unix",) if scripted else ("unix", "dos"):
            page = context.new_page()
            page.goto(url)
            page.locator(".filters summary").click()
            page.get_by_label(place).check()
            if not scripted:
                page.get_by_role("button", name="Apply").click()
            page.locator(".card.kpi .value", has_text=re.compile(r"^20$")).first.wait_for()
        context.close()


def test_names_without_letters_have_addresses(hostile: Path, tmp_path: Path, site: str) -> None:
    page = fetch(f"{site}/charts/rows-0")[1].decode()
    addresses = re.findall(r'href="(/dashboards/[^"]*)"', page)
    assert len(addresses) > len(TEXTS)
    assert all(fetch(site + address)[0] == 200 for address in set(addresses))


def test_two_dashboards_of_one_address_are_refused(project: Path, flaskdash: Cli) -> None:
    flags = ("--kind", "histogram", "--x", "units", "--dashboard")
    flaskdash("add-chart", "mine", *flags, "Sales!")
    output = flaskdash("add-chart", *flags, "Sales?", code=1).output
    assert "The dashboards 'Sales!' and 'Sales?' would have the same address" in output
    chart = (project / "app/charts/mine.py").read_text("utf-8")
    (project / "app/charts/yours.py").write_text(chart.replace("Sales!", "Sales?"), "utf-8")
    assert re.search(
        r"app/charts/\w+\.py: the dashboards 'Sales\?' and 'Sales!' have the same address, ",
        start_error(project),
    )


# Much of it


def test_long_cells_and_many_categories(
    shared_project: Path, tmp_path: Path, watched: Watched
) -> None:
    source = tmp_path / "big.csv"
    lines = [f"{'x' * 10_000}{n % 3},c{n},{n % 7}" for n in range(5_000)]
    source.write_text("\n".join(["story,place,units", *lines]), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        flaskdash_("new", "shop", "--data", str(source), "--no-install", "--no-git")
        patch.chdir(tmp_path / "shop")
        run_loaders_once(patch)
        flags = ("--y", "units", "--agg", "sum", "--filter", "place")
        flaskdash_("add-chart", "places", "--kind", "bar", "--x", "place", *flags)
        colors = ("--x", "place", "--color", "story")
        flaskdash_("add-chart", "stories", "--kind", "bar", *colors, *flags)
        kinds = ("pie", "treemap", "sankey", "heatmap", "radar", "funnel", "waterfall", "box")
        of_stories = ("--x", "story", "--y", "units", "--kind")
        for kind in kinds:
            by = ("--by", "place") if kind in {"treemap", "sankey", "heatmap"} else ()
            agg = ("--agg", "sum") if "agg" in KINDS[kind].takes else ()
            flaskdash_("add-chart", f"as_{kind}", *of_stories, kind, *by, *agg)
    own_environment(tmp_path / "shop", shared_project)
    with serving(tmp_path / "shop") as url:
        wait_for_data(url)
        for kind in kinds:
            watched.page.goto(f"{url}/charts/as-{kind}")
            watched.page.locator(".chart .main-svg text").first.wait_for(state="attached")
            assert watched.page.evaluate("() => document.documentElement.scrollWidth") <= 1280
            texts = watched.page.locator(".chart .main-svg").all_text_contents()
            assert len("".join(texts)) < 9_000, kind  # each name is cut
        for chart in ("places", "stories"):
            watched.page.goto(f"{url}/charts/{chart}")
            drawn(watched.page, 1)
            width = watched.page.evaluate("() => document.documentElement.scrollWidth")
            assert width <= 1280
            assert watched.page.locator(".chart .main-svg .point").count() <= 15 * 3
        plot = watched.page.locator(".chart .bglayer .bg").first.bounding_box()
        assert plot
        assert plot["height"] > 150  # the legend leaves room for the bars


TURNED = "\u202eevil\u202c\u2066x"  # what turns the direction of the text that follows
HIDDEN = "zero\u200b\u200d\ufeffwidth\u00ad"
VAST = f"{SCRIPT}{TURNED}" + "W" * 10_000
# What spreadsheets take for the beginning of a formula, those of East Asia too.
FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20A1",
]


@pytest.fixture(scope="module")
def vast(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Lend the address of a project with vast names, cells, titles, and categories."""
    folder = tmp_path_factory.mktemp("vast")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["day", "kind", VAST[:2_000], "place", "units"])
    kinds = [*CELLS, *FORMULAS, TURNED, HIDDEN, VAST]
    for n in range(5_000):
        place = f"{SCRIPT} {TURNED} {n}"
        day = f"2024-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}"
        story = VAST + str(n % 3) if n % 100 == 0 else "short"
        writer.writerow([day, kinds[n % len(kinds)], story, place, n % 97])
    source = folder / "vast.csv"
    source.write_text(out.getvalue(), "utf-8", newline="")
    root = folder / "shop"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        command = ("new", "shop", "--data", str(source), "--charts", "0", "--title", VAST)
        flaskdash_(*command, "--no-install", "--no-git")
        own_environment(root, shared_project)
        patch.chdir(root)
        flaskdash_("refresh")
        on = ("--filter", "kind", "--filter", "place", "--filter", "day", "--title", VAST)
        for name, *flags in (
            ("bars", *"--kind bar --x place --y units --color kind".split()),
            ("lines", *"--kind line --x day --grain month --y units --color kind".split()),
            ("points", *"--kind scatter --x units --y units --color kind".split()),
            ("parts", *"--kind pie --x kind".split()),
            ("number", *"--kind kpi --y units --x day --grain month".split()),
            ("cells", *"--kind table --limit 200".split()),
        ):
            flaskdash_("add-chart", name, *flags, *on)
    with serving(root) as url:
        wait_for_data(url)
        yield url


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", ["/", "/charts/bars", "/charts/lines", "/charts/cells"])
def test_a_page_stays_whole_whatever_the_data(
    vast: str, watched: Watched, path: str, width: int
) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 800})
    page.add_init_script(
        "window.violations = []; addEventListener('securitypolicyviolation',"
        " (event) => violations.push(event.violatedDirective + event.blockedURI))"
    )
    page.goto(vast + path)
    page.wait_for_load_state("networkidle")
    for figure in page.locator(".chart").all():
        figure.scroll_into_view_if_needed()
        expect(figure.locator(".main-svg").first).to_be_attached(timeout=20_000)
    assert (page.locator(".chart").count() > 0) == (path != "/charts/cells")
    check_page(watched)
    place = page.locator(".filters [data-find-url]").first  # too many to be listed
    page.locator("summary", has_text="Kind").click()
    assert 0 < page.locator(".filters details[open] label").count() < 1_000
    whole = "() => [document.documentElement.scrollWidth, document.body.scrollHeight]"
    wide, tall = page.evaluate(whole)
    assert wide <= width
    assert tall < (12_000 if width == 360 else 7_000)  # no cell and no title takes a screen
    # The filters, and what stands beside what turns the text, read from left to right.
    assert place.evaluate("(it) => getComputedStyle(it).direction") == "ltr"
    lefts = [box["x"] for each in page.locator("h1, .card").all() if (box := each.bounding_box())]
    assert min(lefts) >= 0
    if path == "/charts/lines":
        page.locator(".filters").get_by_label(TURNED, exact=True).check()
        expect(page.locator("#rows td", has_text="short")).to_have_count(0)
        page.wait_for_url("**kind=**")
        expect(page.locator(".chart .legend")).to_have_count(0)
    assert page.evaluate("() => violations") == []


def test_no_formula_of_any_script_reaches_a_spreadsheet(vast: str) -> None:
    status, body = fetch(f"{vast}/charts/lines.csv")
    assert status == 200
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    kinds = {row[1] for row in rows[1:]}
    assert {f"'{formula}" for formula in FORMULAS if not formula[0].isspace()} <= kinds
    assert not {kind for kind in kinds if kind.startswith(tuple(f[0] for f in FORMULAS))}
    assert kinds >= {TURNED, HIDDEN, VAST}  # anything else is as it was
    with module_of_skeleton("app.downloads") as downloads:
        text = downloads.as_csv(pd.DataFrame({"=name": [*FORMULAS, "x\r=1"]}))
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert rows == [["'=name"], *([f"'{formula}"] for formula in FORMULAS), ["x\r=1"]]


# The terminal


def test_inspect_prints_no_control_character(tmp_path: Path, flaskdash: Cli) -> None:
    names = ["\x1b[31mred", "bell\x07", "\x9b2Jclear", "\u202eback", "name\rover"]
    source = tmp_path / "names.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerow(names)
        csv.writer(file).writerows([[f"tea {n % 3}", n, n, n, n] for n in range(50)])
    for command in (("inspect", source), ("inspect", source, "--json")):
        output = flaskdash(*command).output
        controls = {c for c in output if unicodedata.category(c).startswith("C")} - {"\n"}
        assert not controls
        assert "[31mred" in output
