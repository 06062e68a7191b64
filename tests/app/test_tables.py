"""Tables: sorted, searched and paged on the server, in place or as plain links; and what is saved of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.support.data import sales_csv
from tests.support.pages import add_chart, choose, drawn, focused, opened, stay
from tests.support.projects import copy_project, inside
from tests.support.served import served_copy
from tests.support.waiting import wait_for
from tests.support.web import Watched, fetch, serving, wait_for_data

ROWS = list(csv.DictReader(io.StringIO(sales_csv())))


def prepare(root: Path) -> None:
    on = ("--dashboard", "Details", "--filter", "region", "--filter", "product")
    add_chart("all_sales", "--kind", "table", *on)
    add_chart("few", "--kind", "table", "--limit", "40", *on)
    add_chart("mix", "--kind", "bar", "--x", "region", "--y", "revenue", *on)


@pytest.fixture(scope="module")
def site(shared_project: Path) -> Iterator[str]:
    """Lend the address of a project whose dashboard Details has two tables and a figure."""
    with served_copy(shared_project, prepare) as url:
        yield url


@pytest.fixture
def page(watched: Watched, site: str) -> Page:
    """Return the dashboard with the tables."""
    return opened(watched, f"{site}/dashboards/details", 1)


def column(table: Locator, number: int) -> list[str]:
    return table.locator(f"td:nth-child({number})").all_inner_texts()


def shows(table: Locator, caption: str) -> None:
    expect(table.locator(".pager span")).to_have_text(caption)


def until(page: Page, check: Callable[[], bool], label: str) -> None:
    """Wait for label the browser tells of, a request or an answer, until a check holds."""

    def wait_and_check() -> bool:
        page.wait_for_timeout(20)
        return check()

    wait_for(wait_and_check, label)


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


# In a browser


def test_a_heading_sorts_up_down_and_not_without_a_load(page: Page) -> None:
    table, same, paths = page.locator("#all-sales"), stay(page), list[str]()
    page.on("request", lambda request: paths.append(urlsplit(request.url).path))
    came, head = column(table, 5), table.locator("th", has_text="Revenue")
    assert head.get_attribute("aria-sort") is None
    assert came == column(table, 5)
    head.get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    lowest = sorted(float(row["revenue"]) for row in ROWS)[:25]
    assert list(map(float, column(table, 5))) == lowest
    assert 'id="all-sales.rows.5"' in focused(page)
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert float(column(table, 5)[0]) == max(float(row["revenue"]) for row in ROWS)
    assert query(page) == {"all-sales.sort": ["revenue"], "all-sales.desc": ["1"]}
    page.keyboard.press("Enter")
    expect(head).not_to_have_attribute("aria-sort", re.compile("."))
    assert column(table, 5) == came
    assert query(page) == {}
    assert same()
    assert [path for path in paths if "static" not in path] == ["/charts/all-sales/rows"] * 3
    page.go_back()
    expect(page.locator("#all-sales [aria-sort=descending]")).to_have_text("Revenue")


def test_pages_hold_each_row_once(page: Page) -> None:
    table, same = page.locator("#all-sales"), stay(page)
    page.locator("#all-sales th", has_text="Product").get_by_role("link").click()
    expect(table.locator("[aria-sort]")).to_have_text("Product")
    cells_read = []
    for first in range(1, 361, 25):
        shows(table, f"{first}\u2013{min(first + 24, 360)} of 360")
        cells = table.locator("td").all_inner_texts()
        cells_read += [tuple(cells[n : n + 5]) for n in range(0, len(cells), 5)]
        if first < 350:
            table.get_by_role("link", name="Next").click()
    assert len(cells_read) == len(set(cells_read)) == 360
    assert [row[2] for row in cells_read] == sorted(row["product"] for row in ROWS)
    last = table.get_by_role("link", name="Next")
    assert last.get_attribute("aria-disabled") == "true"
    expect(last).to_be_focused()
    expect(page.locator(".page-status")).to_have_text("351\u2013360 of 360")
    table.get_by_role("link", name="Previous").click()
    shows(table, "326\u2013350 of 360")
    assert same()


def test_a_search_looks_into_all_columns_and_keeps_the_rest(page: Page) -> None:
    table, small = page.locator("#all-sales"), page.locator("#few")
    before = column(small, 1)
    small.get_by_role("link", name="Next").click()
    shows(small, "26\u201340 of 40")
    field = table.get_by_label("Search these rows")
    for text, rows in (
        ("coCOa", [row for row in ROWS if row["product"] == "Cocoa"]),
        ("2023-02-1", [row for row in ROWS if row["date"].startswith("2023-02-1")]),
        ("%", []),
        ("_", []),
        ("'; DROP TABLE sales --", []),
    ):
        field.fill("")
        field.press_sequentially(text)
        caption = f"1\u201325 of {len(rows)}" if len(rows) > 25 else f"{len(rows)} rows"
        if rows:
            shows(table, caption)
        else:
            expect(table.locator(".table .note")).to_have_text("No row has this text.")
        assert field.input_value() == text
        expect(field).to_be_focused()
    assert query(page)["few.page"] == ["2"]
    assert column(small, 1) != before
    field.fill("Tea")
    field.press("Enter")
    shows(table, "1\u201325 of 120")
    choose(page, "Region", "North")
    tea = [row for row in ROWS if row["product"] == "Tea" and row["region"] == "North"]
    shows(table, f"1\u201325 of {len(tea)}" if len(tea) > 25 else f"{len(tea)} rows")
    assert query(page) == {"region": ["North"], "all-sales.find": ["Tea"]}
    page.reload()
    assert table.get_by_label("Search these rows").input_value() == "Tea"
    assert set(column(table, 3)) == {"Tea"}


def test_a_choice_under_way_is_not_lost_to_a_table(page: Page) -> None:
    held = list[Route]()

    def hold(route: Route) -> None:
        held.append(route)
        if len(held) > 1:
            route.continue_()

    page.route("**/dashboards/details?*", hold)
    choose(page, "Region", "North")
    until(page, lambda: len(held) == 1, "the choice")
    page.locator("#all-sales th", has_text="Units").get_by_role("link").click()
    expect(page.locator("#all-sales [aria-sort=ascending]")).to_have_text("Units")
    assert set(column(page.locator("#all-sales"), 2)) == {"North"}
    assert query(page) == {"region": ["North"], "all-sales.sort": ["units"]}


def test_the_page_of_each_chart_has_its_rows_sorted(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/charts/mix")
    drawn(page, 1)
    rows = page.locator(".rows")
    page.get_by_role("link", name="Region", exact=True).click()
    expect(rows.locator("[aria-sort=ascending]")).to_have_text("Region")
    assert column(rows, 1) == ["East", "North", "South", "West"]
    shows(rows, "4 rows")
    assert rows.locator(".table-search").count() == 0  # four rows need no search
    page.locator(".rows summary").click()
    expect(rows.locator("pre")).to_contain_text("FROM sales")
    page.goto(f"{site}/charts/mix?mix.find=EAST")
    assert column(page.locator(".rows"), 1) == ["East"]
    assert page.locator(".figure .trace .point").count() == 4


def test_without_a_script_links_and_a_form(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/dashboards/details?region=North&few.sort=units")
    table = page.locator("#all-sales")
    table.get_by_role("link", name="Units").click()
    table.get_by_label("Search these rows").fill("tea")
    table.get_by_role("button", name="Search").click()
    assert query(page) == {
        "region": ["North"],
        "few.sort": ["units"],
        "all-sales.sort": ["units"],
        "all-sales.find": ["tea"],
    }
    assert set(column(table, 3)) == {"Tea"}
    assert set(column(table, 2)) == {"North"}
    units = list(map(int, column(table, 4)))
    assert units == sorted(units)
    page.goto(f"{site}/charts/all-sales")
    page.get_by_role("link", name="Next").click()
    assert page.locator(".pager span").inner_text() == "26\u201350 of 360"
    assert page.locator("[data-image-format]").count() == 0
    context.close()


def test_csv_has_all_rows_whatever_is_shown(site: str) -> None:
    state = "all-sales.find=tea&all-sales.page=2&all-sales.sort=units"
    text = fetch(f"{site}/charts/all-sales.csv?{state}")[1].decode("utf-8-sig")
    assert len(text.splitlines()) == 361


# From within


def test_no_more_rows_are_fetched_than_shown(project: Path) -> None:
    table = 'TITLE = "Many"\nDATA = "sales"\nDASHBOARDS = ["Many"]\n'
    table += (
        'SQL = "SELECT range AS n, range % 7 AS seven FROM range(1000000) ORDER BY n; -- all"\n\n\n'
    )
    table += "def table(df): return df\n"
    (project / "app/charts/many.py").write_text(table, "utf-8")
    inside(
        project,
        """
        data["sales"].build()
        run, lengths = app.engine.query._run, []
        def run_and_count(*args):
            rows = run(*args)
            lengths.append(len(rows))
            return rows
        app.engine.query._run = run_and_count
        import re
        def numbers(query):
            page = get(f"/dashboards/many?{query}").text
            return [int(n) for n in re.findall('<td class="number">([0-9,]+)</td>', page.replace(",", ""))[::2]]
        assert numbers("") == list(range(25))
        assert numbers("many.page=40000") == numbers("many.page=99999999") == list(range(999975, 1000000))
        assert numbers("many.sort=seven&many.desc=1&many.page=2")[0] == 6 + 25 * 7
        assert numbers("many.find=99999") == [99999, 199999, 299999, 399999, 499999, 599999, 699999, 799999,
            899999, *range(999990, 1000000)]
        assert numbers("many.page=x&many.sort=nope&many.desc=1&many.find=%20") == list(range(25))
        assert max(lengths) == 25
        """,
    )


def test_searches_do_not_fill_the_cache(project: Path) -> None:
    inside(
        project,
        """
        data["sales"].build()
        path = "/charts/revenue-by-region"
        rows, start = f"{path}/rows", "revenue-by-region."
        assert get(rows).status_code == get(f"{path}?{start}sort=region").status_code == 200
        before = cached_files()
        for query in ("find=nort", "sort=nope", "page=9", "find=x&sort=region&desc=1"):
            for way in (path, rows):
                address = way + "?" + "&".join(start + part for part in query.split("&"))
                first = get(address)
                assert first.status_code == 200
                again = get(address, **{"If-None-Match": first.headers["ETag"]})
                assert (again.status_code, again.data) == (304, b"")
        assert cached_files() == before
        assert get(f"{rows}?{start}find=north&region=Nowhere").status_code == 200
        assert cached_files() == before
        assert get(f"{rows}?{start}sort=revenue&{start}desc=1").status_code == 200
        assert len(cached_files()) == len(before) + 1
        """,
    )


def test_a_table_may_have_the_name_of_a_filter(project: Path) -> None:
    chart = 'TITLE = "Region"\nDATA = "sales"\nFILTERS = ["region"]\n'
    chart += 'SQL = "SELECT region, units FROM sales"\n\n\ndef table(df): return df\n'
    (project / "app/charts/region.py").write_text(chart, "utf-8")
    inside(
        project,
        """
        data["sales"].build()
        page = get("/charts/region?region=North&.region.sort=units").text
        assert 'aria-sort="ascending"' in page
        assert '<td class="nowrap">South</td>' not in page
        assert 'href="?region=North&amp;.region.sort=units&amp;.region.desc=1"' in page
        """,
    )


def test_what_table_makes_of_a_page_is_shown(project: Path) -> None:
    chart = 'TITLE = "Mine"\nDATA = "sales"\nDASHBOARDS = ["Mine"]\nSQL = "SELECT region, units FROM sales"\n'
    chart += "\n\ndef table(df): return df.assign(<twice>=2 * df.units)[['region', '<twice>']]\n"
    chart = chart.replace("<twice>=2 * df.units", "**{'<twice>': 2 * df.units}")
    (project / "app/charts/mine.py").write_text(chart, "utf-8")
    inside(
        project,
        """
        data["sales"].build()
        page = get("/dashboards/mine").text
        assert 'href="?mine.sort=region"' in page
        assert "&lt;twice&gt;</th>" in page
        assert "mine.sort=units" not in page
        assert "1\u201325 of 360" in page
        """,
    )


def test_numbers_are_written_for_people(project: Path) -> None:
    inside(
        project,
        """
        import pandas as pd
        from app.helpers import cells
        def column(name, values, dtype=None):
            return [row[0] for row in cells(pd.DataFrame({name: pd.Series(values, dtype=dtype)}))]
        assert column("units", [1234567, 89, -1000]) == ["1,234,567", "89", "-1,000"]
        assert column("units", [1234567, None], "Int64") == ["1,234,567", "\u2013"]
        assert column("units", [1234567.0, None, 0]) == ["1,234,567", "\u2013", "0"]
        assert column("built", [1999, 2024]) == ["1999", "2024"]
        assert column("built", [1999.0, None]) == ["1999", "\u2013"]
        assert column("built", [1999, 12024]) == ["1,999", "12,024"]
        for name in ("order_id", "Order ID", "orderId", "ID", "zip", "Zip Code", "FIPS", "house_number"):
            assert column(name, [10001, 27]) == ["10001", "27"], name
        for name in ("paid", "number", "total", "grid", "Nokia"):
            assert column(name, [10001, 27]) == ["10,001", "27"], name
        assert column("n", [9007199254740993, 1]) == ["9007199254740993", "1"]
        assert column("price", [1.5, 20, 300.25]) == ["1.50", "20.00", "300.25"]
        assert column("price", [0.1 + 0.2, 7]) == ["0.3", "7.0"]
        assert column("mean", [12345.678901, 1 / 3]) == ["12,345.68", "0.33"]
        assert column("mean", [2 / 3, 1]) == ["0.6667", "1.0000"]
        assert column("share", [0.000012346]) == ["0.00001235"]
        assert column("share", [float("inf"), 1.5, None]) == ["inf", "1.5", "\u2013"]
        assert column("empty", [None, None], "float64") == ["\u2013", "\u2013"]
        assert column("flag", [True, None]) == ["True", "\u2013"]
        assert column("day", [pd.Timestamp("2024-02-01")]) == ["2024-02-01"]
        assert cells(pd.DataFrame({"a": []})) == []
        """,
    )


# Pictures


def test_a_figure_is_saved_as_a_picture_on_light_paper(watched: Watched, site: str) -> None:
    page = watched.page
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site}/charts/mix?region=North&region=East")
    drawn(page, 1)
    saved = {}
    for kind in ("PNG", "SVG"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download as {kind}").click()
        assert download.value.suggested_filename == f"Revenue by region.{kind.lower()}"
        saved[kind] = Path(download.value.path()).read_bytes()
    svg = saved["SVG"].decode()
    texts = re.findall(r"<text[^>]*>([^<]+)", re.sub(r"</?tspan[^>]*>", "", svg))
    assert {"Revenue by region", "North, East", "Revenue", "North", "East"} <= set(texts)
    assert saved["PNG"].startswith(b"\x89PNG")
    size = [int.from_bytes(saved["PNG"][at : at + 4], "big") for at in (16, 20)]
    assert size == [2400, 1350]
    corner = page.evaluate(
        """async (bytes) => {
          const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
          const context = new OffscreenCanvas(1, 1).getContext("2d");
          context.drawImage(picture, 0, 0);
          return [...context.getImageData(0, 0, 1, 1).data];
        }""",
        list(saved["PNG"]),
    )
    assert corner == [255, 255, 255, 255]
    assert page.locator(".chart").evaluate("(each) => each._fullLayout.title.text") != "mix"


# Newer data


@pytest.fixture(scope="module")
def with_table(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a table; tests must copy it."""
    root = tmp_path_factory.mktemp("with_table") / "shop"
    copy_project(shared_project, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        add_chart("all_sales", "--kind", "table", "--filter", "region", "--filter", "product")
    return root


@pytest.fixture
def fresh(with_table: Path, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Lend a project whose data the test changes, and its address."""
    root = tmp_path / "shop"
    copy_project(with_table, root)
    with serving(root) as url:
        wait_for_data(url)
        yield root, url


def test_newer_data_is_taken_over_in_place(fresh: tuple[Path, str], watched: Watched) -> None:
    root, url = fresh
    page, answers = watched.page, list[int]()
    page.clock.install()
    page.goto(f"{url}/?product=Tea")
    drawn(page, 1)
    same, kpi = stay(page), page.locator(".card.kpi .value").first
    before = kpi.inner_text()
    page.on("response", lambda answer: answers.append(answer.status))
    table = page.locator("#all-sales")
    table.locator("th", has_text="Units").get_by_role("link").click()
    expect(table.locator("[aria-sort]")).to_have_text("Units")
    answers.clear()
    for count in (1, 2):
        page.clock.fast_forward(61_000)
        until(page, lambda count=count: len(answers) == count, "an answer")  # type: ignore[misc]
    assert answers[-1] == 304
    expect(page.locator(".page-status")).not_to_contain_text("Updated")

    page.locator("summary", has_text="Region").click()
    field = table.get_by_label("Search these rows")
    field.focus()
    field.evaluate("(each) => { each.value = 'half ty' }")
    table.locator(".table-scroll").evaluate("(each) => each.scrollTo(0, 150)")
    # The browser holds what begins in the window: the card with the table, not a chart above it.
    table.evaluate("(each) => each.scrollIntoView()")
    place = field.bounding_box()
    (root / "data/sales.csv").write_text(sales_csv(100), "utf-8")

    def updated() -> bool:
        page.clock.fast_forward(61_000)
        page.wait_for_timeout(300)
        return kpi.inner_text() != before

    wait_for(updated, "the newer data")
    expect(page.locator(".page-status")).to_have_text(re.compile(r"^Updated \d\d:\d\d$"))
    expect(page.locator("#data")).to_contain_text("sales: 100 rows, read ")
    tea = [row for row in ROWS[:100] if row["product"] == "Tea"]
    shows(table, f"1\u201325 of {len(tea)}")
    assert same()
    assert query(page) == {"product": ["Tea"], "all-sales.sort": ["units"]}
    expect(field).to_be_focused()
    assert field.input_value() == "half ty"
    expect(page.locator("details", has_text="Region")).to_have_attribute("open", "")
    assert field.bounding_box() == place  # though a line of words above it is gone
    assert table.locator(".table-scroll").evaluate("(each) => each.scrollTop") == 150


def test_a_link_in_a_part_that_is_replaced_keeps_the_focus(
    fresh: tuple[Path, str], watched: Watched
) -> None:
    root, url = fresh
    page = watched.page
    page.clock.install()
    page.goto(url)
    drawn(page, 1)
    page.locator("#all-sales").get_by_role("link", name="Next").focus()
    (root / "data/sales.csv").write_text(sales_csv(100), "utf-8")

    def updated() -> bool:
        page.clock.fast_forward(61_000)
        page.wait_for_timeout(300)
        return "of 100" in page.locator("#all-sales .pager").inner_text()

    wait_for(updated, "the newer data")
    assert 'id="all-sales.rows.Next"' in focused(page)


def test_a_server_that_is_away_is_asked_again(fresh: tuple[Path, str], watched: Watched) -> None:
    _, url = fresh
    page, events = watched.page, list[str]()
    page.clock.install()
    page.goto(url)
    drawn(page, 1)
    page.route(f"{url}/", lambda route: (events.append("away"), route.abort()))
    for count in (1, 2):
        page.clock.fast_forward(61_000)
        until(page, lambda count=count: len(events) == count, "the question")  # type: ignore[misc]
    page.unroute(f"{url}/")
    page.on("response", lambda answer: events.append(str(answer.status)))
    page.clock.fast_forward(61_000)
    until(page, lambda: len(events) == 3, "the answer")
    assert page.locator(".error").count() == 0
    watched.complaints[:] = [text for text in watched.complaints if "ERR_FAILED" not in text]


def test_looking_for_newer_data_can_be_switched_off(project: Path, watched: Watched) -> None:
    config = project / "app/config.py"
    text = config.read_text("utf-8")
    assert '"UPDATE_SECONDS": 60,' in text
    config.write_text(text.replace('"UPDATE_SECONDS": 60,', '"UPDATE_SECONDS": 0,'), "utf-8")
    page, urls = watched.page, list[str]()
    page.clock.install()
    with serving(project) as url:
        wait_for_data(url)
        page.goto(url)
        drawn(page, 1)
        page.on("request", lambda request: urls.append(request.url))
        for _ in range(10):
            page.clock.fast_forward(120_000)
        # What waits for its turn to be urls comes before this.
        page.locator("summary", has_text="Region").click()
        page.get_by_label("North", exact=True).click()
        until(page, lambda: "region=North" in " ".join(urls), "the choice")
        assert {urlsplit(each).query for each in urls if "static" not in each} == {"region=North"}
        expect(page.locator("#data")).to_contain_text("read 20 minutes ago")


def test_a_look_for_newer_data_begins_a_refresh(project: Path) -> None:
    """A page that is unchanged asks for no rows, and yet has a loader that is due read again."""
    inside(
        project,
        """
        data["sales"].build()
        etag = get("/").headers["ETag"]
        built = data["sales"].peek().built
        source = Path("data/sales.csv")
        source.write_text(source.read_text() + "2024-01-28,North,Tea,3,9.99\\n")
        time.sleep(1.1)
        queries, run = [], app.engine.query._run
        app.engine.query._run = lambda *args: (queries.append(args), run(*args))[1]
        assert get("/", **{"If-None-Match": etag}).status_code == 304
        assert queries == []
        deadline = time.monotonic() + 30
        while data["sales"].peek().built == built and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.1)
        newer = get("/", **{"If-None-Match": etag})
        assert newer.status_code == 200
        assert "361 rows" in newer.text
        """,
    )
