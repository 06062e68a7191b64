"""The static target: dashboards as files, with their filters, below any path."""

import csv
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from flaskdash.deploy import static, targets
from flaskdash.deploy.static import child
from flaskdash.deploy.target import Place
from flaskdash.project import Project
from flaskdash.ship.errors import BuildError, PreflightError
from tests.support.data import sales_csv
from tests.support.fixtures import Cli
from tests.support.projects import copy_project, keep_one_chart
from tests.support.web import Watched

TABLE = '''"""All sales."""

TITLE = "Sales"
DATA = "sales"
SQL = "SELECT * FROM sales ORDER BY date, units"
FILTERS = {"region": "single", "product": "", "units": "range"}
DASHBOARDS = ["Overview", "Rows & more"]
SIZE = "full"


def table(df):
    """Return the rows."""
    return df
'''
KPI = '''"""The revenue."""

TITLE = "Revenue"
DATA = "sales"
SQL = "SELECT sum(revenue) AS revenue FROM sales"
FILTERS = {"date": "", "region": "single", "product": ""}
ORDER = 1


def kpi(df):
    """Return the sum, to the cent."""
    return {"value": f"{df['revenue'][0]:.2f}"}
'''
BARS = '''"""Revenue by region."""

import plotly.graph_objects as go

TITLE = "Revenue by region"
DATA = "sales"
SQL = "SELECT region, sum(revenue) AS revenue FROM sales GROUP BY 1 ORDER BY 1"
FILTERS = {"date": "", "region": "single", "product": ""}


def figure(df):
    """Return bars."""
    bars = go.Bar(x=df["region"].tolist(), y=df["revenue"].tolist())
    return go.Figure(bars, {"xaxis": {"type": "category"}})
'''


ODD = "T&a <b>+\N{GRINNING FACE}/50%='\\é"
SALES = "date,region,product,units,revenue\n" + "".join(
    f"2024-{n // 30 + 1:02}-{n % 30 + 1:02},{('North', 'South')[n % 2]},{(ODD, 'Cocoa')[n // 2 % 2]}"
    f",{3 + n * 7 % 11},{(3 + n * 7 % 11) * 4.25}\n"
    for n in range(59)
)


@pytest.fixture(scope="session")
def exported(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project with three charts, and its files in dist/static."""
    root = tmp_path_factory.mktemp("static") / "shop"
    copy_project(shared_project, root)
    for path in (root / "app/charts").glob("[a-z]*.py"):
        path.unlink()
    for name, text in {"sales_table": TABLE, "revenue": KPI, "by_region": BARS}.items():
        (root / f"app/charts/{name}.py").write_text(text, "utf-8")
    # Few choices, so that the pages are few.
    (root / "data/sales.csv").write_text(SALES, "utf-8")
    project = Project.find(root)
    output: list[str] = []
    outcome = plan(project).run(output.append)
    (root.parent / "output").write_text("\n".join(output), "utf-8")
    assert outcome.file == "dist/static"
    return project


def plan(project: Project, **settings: str) -> static.StaticFiles:
    return static.StaticTarget(project, Place("static", "static", settings)).plan()


def folder(project: Project) -> Path:
    return project.root / "dist/static"


class Host:
    """A static host, below a path, that records its requests and their status codes."""

    def __init__(self, address: str, requests: list[tuple[str, int]]) -> None:
        self.address = address
        self.requests = requests

    def failed(self) -> list[tuple[str, int]]:
        return [(path, code) for path, code in self.requests if code >= 400]


@pytest.fixture
def host(exported: Project, tmp_path: Path) -> Iterator[Host]:
    """Serve the files below a path with a plain file server."""
    (tmp_path / "me").mkdir()
    (tmp_path / "me/my.shop").symlink_to(folder(exported))
    requests: list[tuple[str, int]] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            requests.append((self.path, int(code)))

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Host(f"http://127.0.0.1:{server.server_port}/me/my.shop/", requests)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- which filters are live ---


def form(**filters: tuple[str, list[str]]) -> child.Form:
    page = child.Form("")
    for column, (kind, values) in filters.items():
        page.kinds[column] = kind
        page.options[column] = [((column, value),) for value in values]
    return page


def test_filters_with_few_choices_go_first_and_no_page_becomes_too_many() -> None:
    many = [str(number) for number in range(30)]
    page = form(
        country=("several", many),
        region=("several", list("abcd")),
        product=("several", list("xyz")),
        units=("free", []),
        day=("days", ["7", "30"]),
    )
    options, kinds = child.choose({"/": page})
    assert kinds == {
        "country": "fixed",
        "region": "one",
        "product": "several",
        "units": "fixed",
        "day": "days",
    }
    assert {column: len(choices) for column, choices in options.items()} == {
        "day": 3,
        "product": 8,
        "region": 5,
    }
    assert child.MAX_CHOICES >= 3 * 8 * 5
    assert all(choices[0] == () for choices in options.values())
    assert (("product", "x"), ("product", "z")) in options["product"]


def test_a_filter_is_live_on_all_of_its_pages_or_on_none() -> None:
    many = [str(number) for number in range(60)]
    alone = form(country=("one", many))
    with_others = form(country=("one", many), region=("one", list("abcd")))
    kinds = child.choose({"/charts/x": alone, "/": with_others})[1]
    assert kinds == {"country": "fixed", "region": "one"}
    assert child.choose({"/charts/x": alone})[1] == {"country": "one"}


def test_a_default_can_be_cleared() -> None:
    page = child.Form(
        '<form class="filters"><details data-column="region" data-default="region=a">'
        '<input type="checkbox" name="region" value="a"><input type="checkbox" value="b">'
        "</details></form>"
    )
    options, kinds = child.choose({"/": page})
    assert kinds == {"region": "several"}
    a, b, cleared = (("region", value) for value in ("a", "b", ""))
    assert options["region"] == [(), (a,), (b,), (a, b), (cleared,)]


def test_a_form_is_read_as_a_browser_reads_it() -> None:
    page = child.Form(
        '<form class="table-search"><input type="search" name="x.find"></form><form class="filters">'
        '<details data-column="a &amp; b"><input type="search" class="option-search">'
        '<input type="radio" name="a &amp; b" value=""><input type="radio" value="&lt;x&gt;">'
        '</details><fieldset data-column="day"><input type="date" name="day.from">'
        '<a href="?day.from=2024-01-01&amp;day.to=2024-01-07">Last 7 days</a></fieldset>'
        '<fieldset data-column="n"><input type="number" name="n.from"></fieldset></form>'
        '<a href="?no=filter">'
    )
    assert page.kinds == {"a & b": "one", "day": "days", "n": "free"}
    assert page.options == {
        "a & b": [(("a & b", "<x>"),)],
        "day": [(("day.from", "2024-01-01"), ("day.to", "2024-01-07"))],
        "n": [],
    }


# --- the files ---


def test_the_terminal_and_the_footer_list_the_filters(exported: Project) -> None:
    output = (exported.root.parent / "output").read_text("utf-8")
    assert "filter    region: one value at a time" in output
    assert "filter    product: any combination of values" in output
    assert "filter    date: its named periods" in output
    assert "filter    units: left out, because it has too many choices" in output
    assert "python -m http.server --directory dist/static 8000" in output
    page = (folder(exported) / "index.html").read_text("utf-8")
    assert "<p>This page is a static copy. Filters in it: product, region (one value" in page
    assert "at a time), date (named periods). Filters left out: units.</p>" in page
    assert 'name="units' not in page


def test_each_answer_of_a_server_is_a_file(exported: Project) -> None:
    root = folder(exported)
    pages = ["index", "dashboards/overview", "dashboards/rows-more", "charts/sales-table"]
    parts = ["charts/sales-table/rows.html", "charts/by-region/figure.json", "charts/revenue.csv"]
    parts += ["charts/revenue/data.json", "static/style.css", "static/icon.svg", "static/files.js"]
    parts += ["404.html", ".nojekyll", "charts/index.html"]
    for name in [f"{page}.html" for page in pages] + parts:
        assert (root / name).is_file(), name
    release = (root / ".release").read_text()
    assert re.fullmatch(r"\d{8}-\d{6}\n", release)
    assert (root / "up").read_text() == f"up {release}"
    assert not list(root.rglob("*.br"))
    csv = (root / "charts/sales-table.csv").read_text("utf-8-sig").splitlines()
    assert len(csv) == 60
    text = text_of(exported, "charts/sales-table.csv", ("region", "North"), ("product", ODD))
    narrowed = text.removeprefix("\ufeff").splitlines()
    assert len(narrowed) > 1
    assert all(f"North,{ODD}" in line for line in narrowed[1:])
    figure = json.loads((root / "charts/by-region/figure.json").read_text("utf-8"))
    assert figure["data"][0]["x"] == ["North", "South"]


def test_no_page_names_an_absolute_path_or_a_secret(exported: Project) -> None:
    key = re.search(r"SECRET_KEY=(\w+)", (exported.root / ".env").read_text("utf-8"))
    assert key
    for page in folder(exported).rglob("*.html"):
        text = page.read_text("utf-8")
        assert not re.search(r'(href|src|action|data-rows-url)="(/|http)', text), page
        assert key[1] not in text
    page = (folder(exported) / "index.html").read_text("utf-8")
    assert "Content-Security-Policy" in page
    scripts = re.findall(r"<script src=.static/([^?]*)", page)
    assert (scripts[0], scripts[-1]) == ("files.js", "engine/update.js")


def test_the_page_for_missing_addresses_needs_no_other_file(exported: Project) -> None:
    page = (folder(exported) / "404.html").read_text("utf-8")
    assert "404" in page
    assert "<link" not in page
    assert "<script" not in page
    assert set(re.findall(r'href="([^"]*)"', page)) == {"#main", "./"}


def test_the_choices_of_a_page_share_few_scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static, "PACKED_SIZE", 400)
    digests = [f"{number:016x}" for number in range(1, 9)]
    written = {f"charts/a.{digest}.html": f"é{digest}" * 5 for digest in digests}
    written |= {f"charts/large.{digest}.csv": "x" * 201 for digest in digests}
    written |= {f"charts/small.{digest}.csv": "\ufeffx\r\n" for digest in digests}
    unpacked = {
        "charts/a.html": "all",
        "charts/large.csv": "x" * 201,
        "charts/small.csv": "\ufeffx\r\n",
        "404.html": "missing",
        "static/page.0123456789abcdef.html": "the owner's",
        "static/files.js": "const COUNTS = {};\n",
    }
    for name, text in (written | unpacked).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8", newline="")
    static.pack(tmp_path)
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    large = {f"charts/large.{digest}.csv" for digest in digests}
    scripts = {"charts/a.html.0.js", "charts/a.html.1.js", "charts/small.csv.0.js"}
    assert names == {*unpacked, *large, *scripts}
    counts = (tmp_path / "static/files.js").read_text("utf-8")
    assert counts == 'const COUNTS = {"charts/a.html": 2, "charts/small.csv": 1};\n'
    scripts_text = [
        (tmp_path / f"charts/a.html.{number}.js").read_text("utf-8") for number in (0, 1)
    ]
    calls = [json.loads(f"[{text[len('addChoices(') : -3]}]") for text in scripts_text]
    assert [name for name, _ in calls] == ["charts/a.html"] * 2
    # The first digits of these digests are zeros, so one script has all of them.
    assert calls[0][1] == {"": "all", **{digest: f"é{digest}" * 5 for digest in digests}}
    assert calls[1][1] == {}


# --- in a browser ---


def value(watched: Watched) -> str:
    return watched.page.locator("#revenue .value").inner_text()


def text_of(project: Project, name: str, *pairs: tuple[str, str]) -> str:
    """Return what a file would have for these filters, from the script that has it."""
    texts: dict[str, str] = {}
    for script in folder(project).glob(f"{name}.*.js"):
        call = re.fullmatch(r"addChoices\((.*?), (\{.*\})\);\n", script.read_text("utf-8"))
        assert call
        assert json.loads(call[1]) == name
        texts |= json.loads(call[2])
    return texts[child.suffix(pairs).removeprefix(".")]


def test_a_copy_starts_with_the_defaults(project: Path) -> None:
    keep_one_chart(project, "total_revenue", '{"region": "choice=North"}')
    made = Project.find(project)
    plan(made).run(lambda _: None)
    rows = csv.DictReader(sales_csv().splitlines())
    revenues = [(row["region"], float(row["revenue"])) for row in rows]

    def total(*pairs: tuple[str, str]) -> float:
        return float(text_of(made, "charts/total-revenue.csv", *pairs).split()[1])

    assert total() == pytest.approx(sum(n for region, n in revenues if region == "North"))
    assert total(("region", "")) == pytest.approx(sum(n for _, n in revenues))


def revenue(project: Project, *pairs: tuple[str, str]) -> str:
    csv = text_of(project, "charts/revenue.csv", *pairs)
    return f"{float(csv.splitlines()[1]):.2f}"


def test_filters_work_below_any_path(exported: Project, host: Host, watched: Watched) -> None:
    page = watched.page
    page.goto(host.address)
    page.wait_for_selector("#by-region .js-plotly-plot")
    assert value(watched) == revenue(exported)
    page.click("details[data-column=region] summary")
    page.click("details[data-column=region] label:has-text('North')")
    expect(page.locator(".chip")).to_have_text("Region: North")
    assert value(watched) == revenue(exported, ("region", "North"))
    assert page.url == f"{host.address}?region=North"
    assert page.evaluate("document.querySelector('#by-region .chart').data[0].x") == ["North"]
    page.keyboard.press("Escape")
    page.click("fieldset[data-column=date] summary")
    page.click(".presets a >> nth=-1")
    expect(page.locator(".chip")).to_have_count(2)
    chosen = [("region", "North")]
    chosen += [pair for pair in query_of(page.url) if pair[0].startswith("date.")]
    assert value(watched) == revenue(exported, *chosen)
    assert value(watched) != revenue(exported, ("region", "North"))
    page.click("details[data-column=product] summary")
    page.click("details[data-column=product] label:has-text('T&a')")
    expect(page.locator(".chip")).to_have_count(3)
    chosen.append(("product", ODD))
    assert value(watched) == revenue(exported, *chosen)
    # A page that is opened with a query, and going back.
    page.reload()
    expect(page.locator(".chip")).to_have_count(3)
    assert value(watched) == revenue(exported, *chosen)
    assert page.is_checked("input[name=region][value=North]")
    page.go_back()
    expect(page.locator(".chip")).to_have_count(2)
    page.go_back()
    expect(page.locator(".chip")).to_have_count(1)
    assert value(watched) == revenue(exported, ("region", "North"))
    # To a chart's own page, which keeps the filter, and its CSV.
    page.click("#by-region h2 a")
    expect(page.locator(".chip")).to_have_count(1)
    assert page.url == f"{host.address}charts/by-region.html?region=North"
    with page.expect_download() as download:
        page.click("text=Download as CSV")
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert [line.split(",")[0] for line in text.splitlines()] == ["region", "North"]
    assert host.failed() == []
    assert {path for path, _ in host.requests if not path.startswith("/me/my.shop/")} == set()


def query_of(url: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl, urlsplit

    return parse_qsl(urlsplit(url).query)


def units_of_all() -> list[int]:
    return [int(line.split(",")[3]) for line in SALES.splitlines()[1:]]


def column(watched: Watched, number: int) -> list[str]:
    return watched.page.locator(f"#sales-table td:nth-child({number})").all_inner_texts()


def test_rows_are_sorted_searched_and_turned(
    exported: Project, host: Host, watched: Watched
) -> None:
    page = watched.page
    page.goto(f"{host.address}dashboards/rows-more.html")
    pager = page.locator("#sales-table .pager span")
    assert pager.inner_text() == "1\N{EN DASH}25 of 59"
    first = column(watched, 1)
    page.click("#sales-table .pager a:has-text('Next')")
    expect(pager).to_have_text("26\N{EN DASH}50 of 59")
    assert column(watched, 1) != first
    page.click("#sales-table th a:has-text('Units')")
    page.wait_for_selector("#sales-table th[aria-sort=ascending]")
    units = [int(text) for text in column(watched, 4)]
    assert (units, units[0]) == (sorted(units), 3)
    page.click("#sales-table th a:has-text('Units')")
    page.wait_for_selector("#sales-table th[aria-sort=descending]")
    assert [int(text) for text in column(watched, 4)] == sorted(units_of_all(), reverse=True)[:25]
    page.fill(".table-search [type=search]", "cocoa")
    expect(pager).to_have_text("1\N{EN DASH}25 of 29")
    assert set(column(watched, 3)) == {"Cocoa"}
    # A filter leaves the order and the search as they are; so does a reload.
    page.click("details[data-column=region] summary")
    page.click("details[data-column=region] label:has-text('South')")
    expect(page.locator(".chip")).to_have_text("Region: South")
    assert (set(column(watched, 2)), set(column(watched, 3))) == ({"South"}, {"Cocoa"})
    units = [int(text) for text in column(watched, 4)]
    assert units == sorted(units, reverse=True)
    page.reload()
    expect(page.locator(".chip")).to_have_text("Region: South")
    assert [int(text) for text in column(watched, 4)] == units
    assert page.input_value(".table-search [type=search]") == "cocoa"
    page.fill(".table-search [type=search]", "no such text")
    page.wait_for_selector("text=No row has this text.")
    assert host.failed() == []


def test_a_choice_without_a_page_is_reported(host: Host, watched: Watched) -> None:
    watched.page.goto(f"{host.address}?region=Nowhere")
    watched.page.wait_for_selector(".page-status:has-text('no page for these filters')")
    assert watched.page.locator("#revenue .value").inner_text() != ""
    assert host.failed() == []


def test_without_a_host_a_filter_opens_the_file_of_its_choice(
    exported: Project, watched: Watched
) -> None:
    page = watched.page
    page.goto((folder(exported) / "index.html").as_uri())
    page.wait_for_selector("#by-region .js-plotly-plot")
    assert value(watched) == revenue(exported)
    page.click("details[data-column=region] summary")
    page.click("details[data-column=region] label:has-text('North')")
    expect(page.locator(".chip")).to_have_text("Region: North")
    assert value(watched) == revenue(exported, ("region", "North"))
    page.click("#by-region h2 a")
    expect(page.locator("h1")).to_have_text("Revenue by region")
    expect(page.locator(".chip")).to_have_text("Region: North")
    page.wait_for_selector(".js-plotly-plot")
    page.click("text=Reset")
    expect(page.locator(".chip")).to_have_count(0)
    page.wait_for_selector(".js-plotly-plot")
    assert page.evaluate("document.querySelector('.chart').data[0].x") == ["North", "South"]


# --- writing the folder ---


def test_the_old_files_stay_until_all_new_files_are_written(
    exported: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder(exported) / ".release").read_text()
    chart = exported.root / "app/charts/revenue.py"
    text = chart.read_text("utf-8")
    try:
        chart.write_text(text.replace("sum(revenue)", "sum(nothing)"), "utf-8")
        with pytest.raises(BuildError, match=r"The dashboards could not be written: a chart on / "):
            plan(exported).run(print)
    finally:
        chart.write_text(text, "utf-8")
    assert (folder(exported) / ".release").read_text() == before
    assert not list((exported.root / "dist").glob(".writing-*"))


def test_an_unchanged_project_keeps_its_copy(exported: Project) -> None:
    release = (folder(exported) / ".release").read_text().strip()
    page = folder(exported) / "index.html"
    written = page.stat().st_mtime_ns
    output: list[str] = []
    assert plan(exported).run(output.append).release == release
    assert [line.split()[0] for line in output] == ["keep"]
    assert f"files of {release}, because neither the project nor its data has changed" in output[0]
    assert page.stat().st_mtime_ns == written


def test_a_changed_project_or_copy_is_written_anew(made: Path) -> None:
    """Each change is undone, so that the next one is alone."""
    project = Project.find(made)
    copy = made / "docs"
    files_of(copy, "index.html", "charts/a.html", ".git/HEAD")
    record = static.Record(project, copy)
    assert record.read() == {}
    code = record.code()
    record.write({"digest": "d"})
    assert record.read()["digest"] == "d"
    (copy / ".git/HEAD").write_text("the branch moved on", "utf-8")
    assert (record.read()["digest"], record.code()) == ("d", code)
    for file in (copy / "charts/a.html", record.file):
        text = file.read_text("utf-8")
        for damage in (text[:-1], "[]", ""):
            file.write_text(damage, "utf-8")
            assert record.read() == {}, (file, damage)
        file.write_text(text, "utf-8")
    (copy / "charts/new.html").write_text("", "utf-8")
    assert record.read() == {}
    (copy / "charts/new.html").unlink()
    chart = next((made / "app/charts").glob("[a-z]*.py"))
    for file in (chart, made / ".env", made / "pyproject.toml", made / "app/static/style.css"):
        text = file.read_text("utf-8")
        file.write_text(f"{text}\n", "utf-8")
        assert record.code() != code, file
        file.write_text(text, "utf-8")
    assert (record.read()["digest"], record.code()) == ("d", code)
    files_of(made, "app/engine/live.py")
    assert record.read() == {}


@pytest.mark.parametrize(
    ("inputs", "text"), [("other", "page"), ("inputs", "another page"), ("inputs", "page")]
)
def test_what_is_seen_on_a_page_is_part_of_the_digest(inputs: str, text: str) -> None:
    export = child.Export.__new__(child.Export)
    export.release = "20260101-000000"
    first = export._digest({"/": f"{child.ROOT}/?v={export.release} {text}"}, inputs)
    export.release = "20260202-000000"
    later = export._digest({"/": f"{child.ROOT}/?v={export.release} page"}, "inputs")
    assert (first == later) == ((inputs, text) == ("inputs", "page"))


def files_of(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, "utf-8")


def test_a_new_copy_replaces_the_folder_and_preserves_the_branch_files(tmp_path: Path) -> None:
    old, work = tmp_path / "site", tmp_path / "work/files"
    files_of(old, "index.html", "gone.html", ".release", "up", "CNAME", ".git/HEAD")
    files_of(work, "index.html", "new.html")
    static._replace(work, old)
    names = {str(path.relative_to(old)) for path in old.rglob("*") if path.is_file()}
    assert names == {"index.html", "new.html", "CNAME", ".git/HEAD"}


@pytest.mark.parametrize("killed_after", [1, 2])
def test_a_deploy_that_was_killed_between_two_renames_loses_nothing(
    tmp_path: Path, killed_after: int
) -> None:
    site, work = tmp_path / "site", tmp_path / ".writing-x"
    files_of(site, "index.html", "CNAME", ".git/HEAD")
    files_of(work, "files/index.html", "files/new.html")
    site.rename(work / "old")
    if killed_after == 2:
        (work / "files").rename(site)
    with static._work(site):
        assert (site / "CNAME").is_file()
        assert (site / ".git/HEAD").is_file()
        assert (site / "new.html").exists() == (killed_after == 2)
    assert not work.exists()


def test_each_new_copy_can_be_committed_to_a_branch(tmp_path: Path) -> None:
    def git(*args: str, cwd: Path = tmp_path / "shop") -> str:
        person = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        process = subprocess.run(["git", *person, *args], cwd=cwd, capture_output=True, text=True)
        assert process.returncode == 0, process.stderr
        return process.stdout

    files_of(tmp_path / "shop", ".gitignore", "app.py")
    (tmp_path / "shop/.gitignore").write_text("dist/\n")
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "-m", "all")
    pages = tmp_path / "shop/dist/static"
    git("worktree", "add", "--quiet", "--detach", "dist/static")
    git("switch", "--quiet", "--orphan", "gh-pages", cwd=pages)
    for number, names in enumerate((["index.html", "old.html"], ["index.html"])):
        work = tmp_path / f"work{number}/files"
        files_of(work, *names)
        static._replace(work, pages)
        git("add", "--all", cwd=pages)
        git("commit", "--quiet", "-m", "today", cwd=pages)
    assert git("ls-tree", "--name-only", "gh-pages").split() == ["index.html"]
    assert git("ls-files").split() == [".gitignore", "app.py"]


def test_a_folder_with_other_files_is_refused(made: Path) -> None:
    project = Project.find(made)
    files_of(made, "docs/index.html", "docs/mine.md")
    with pytest.raises(
        PreflightError, match="docs contains files that are not part of a static copy"
    ):
        plan(project, folder="docs").run(print)
    assert (made / "docs/mine.md").read_text() == "docs/mine.md"


@pytest.mark.parametrize("address", [".", "..", "../other", "app/static", "data", ".git/x", "/tmp"])
def test_a_folder_that_would_be_dangerous_is_refused(made: Path, address: str) -> None:
    with pytest.raises(PreflightError):
        plan(Project.find(made), folder=address)


def test_a_link_to_a_missing_file_or_from_the_root_is_refused(tmp_path: Path) -> None:
    files_of(tmp_path, "a.html", "charts/b.html")
    (tmp_path / "charts/b.html").write_text(
        '<a href="../a.html?x=1#y"></a><a href="https://example.org/"></a><a href="#z"></a>'
    )
    static.verify(tmp_path)
    (tmp_path / "a.html").write_text('<a href="/charts/b.html"></a>')
    with pytest.raises(
        BuildError, match=r"a.html links to /charts/b.html, which works at the root"
    ):
        static.verify(tmp_path)
    (tmp_path / "a.html").write_text('<img src="gone.png">')
    with pytest.raises(BuildError, match=r"a.html links to gone.png, which does not exist"):
        static.verify(tmp_path)


def test_a_dry_run_prints_each_step_and_changes_nothing(
    made: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = flaskdash("deploy", "static", "--dry-run").output
    assert "child.py dist/.writing-..." in output
    assert "rename    dist/.writing-... to dist/static" in output
    assert "check     boots" not in output
    assert "check     tests" in output
    assert not (made / "dist").exists()


def test_status_reports_the_release_in_the_folder(exported: Project, made: Path) -> None:
    target = targets.target(exported, Place("static", "static"))
    status = target.status()
    assert status.release == (folder(exported) / ".release").read_text().strip()
    assert status.url.endswith("/dist/static/index.html")
    empty = targets.target(Project.find(made), Place("static", "static")).status()
    assert (empty.healthy, empty.facts) == (False, {"folder": "dist/static: not written yet"})
