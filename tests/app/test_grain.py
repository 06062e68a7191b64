"""Charts whose GRAIN is "auto": their step follows the filtered time, or what the reader chooses."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.support.pages import add_chart, choose, drawn
from tests.support.projects import START, inside, replace_in, start_error
from tests.support.served import served_copy
from tests.support.waiting import wait_for
from tests.support.web import Watched

DAYS = "".join(
    f"{date(2021, 1, 1) + timedelta(days=n)},North,tea,{n % 7},{n % 11}\n" for n in range(1095)
)
STEPS = """
def steps(query):
    rows = json.loads(get(f"/charts/over-time/data.json{query}").data)["rows"]
    return [str(row[0])[:10] for row in rows]
"""


@pytest.fixture
def daily(project: Path) -> Path:
    """Lend a project with nearly three years of daily sales, and a line of them."""
    (project / "data/sales.csv").write_text(f"date,region,product,units,revenue\n{DAYS}", "utf-8")
    flags = ("--x", "date", "--y", "revenue", "--agg", "sum", "--filter", "date")
    add_chart("over_time", "--kind", "line", *flags, "--grain", "auto")
    return project


def test_the_step_follows_the_filtered_time(daily: Path) -> None:
    inside(
        daily,
        """
        weeks = steps("")
        assert weeks[:2] == ["2021-01-04", "2021-01-11"] and len(weeks) == 156
        march = steps("?date.from=2022-03-01&date.to=2022-03-31")
        assert march[0] == "2022-03-01" and march[-1] == "2022-03-31" and len(march) == 31
        assert len(steps("?date.from=2022-01-01")) == 104
        assert steps("?date.from=2029-01-01") == []
        """,
        START + STEPS,
    )


def test_a_reader_chooses_the_step(daily: Path) -> None:
    inside(
        daily,
        """
        assert steps("?time-step=year") == ["2021-01-01", "2022-01-01", "2023-01-01"]
        assert steps("?time-step=quarter")[1] == "2021-04-01"
        assert len(steps("?time-step=month")) == 36
        assert steps("?time-step=century") == steps("?time-step=hour") == steps("")
        page = get("/?time-step=month").text
        assert 'name="time-step" value="month" checked' in page
        assert "Time step: month" in page
        before = cached_files()
        get("/?time-step=month")
        assert cached_files() == before
        assert get("/?time-step=century").text.count("Time step:") == 0
        for end in ("blank=1", "blank=0", "not=century", "not=", "from=1", "has=week"):
            assert "could not be drawn" not in get(f"/?time-step.{end}").text, end
        assert get("/charts/over-time/choices?time-step.find=y").status_code == 404
        """,
        START + STEPS,
    )


def test_charts_that_are_asked_together_have_their_own_steps(daily: Path) -> None:
    loader = daily / "app/loaders/sales.py"
    late = ".assign(late=lambda df: df['date'].where(df['date'] > '2023-12-01'))"
    replace_in(daily, "loaders/sales.py", ("\n\n\ndef load()", "\n\n\ndef _load()"))
    added = f"\n\ndef load():\n    return _load(){late}\n"
    loader.write_text(loader.read_text("utf-8") + added, "utf-8")
    inside(
        daily,
        """
        from app.engine.models import Filter
        select = "SELECT date_trunc($grain, {0}) AS {0}, count(*) AS n FROM sales GROUP BY 1"
        sqls = [select.format("date"), select.format('"late"'), "SELECT max(date) FROM sales"]
        with flask_app.test_request_context():
            rows = data["sales"]
            for filters in ((), (Filter("region", ("North",)),)):
                together = rows.query_all(sqls, filters)
                assert [df.attrs.get("grain") for df in together] == ["week", "day", None]
                for sql, df in zip(sqls, together):
                    alone = rows.query(sql, filters)
                    assert alone.attrs == df.attrs and len(alone) == len(df)
        """,
    )


def test_the_constant_and_the_parameter_belong_together(daily: Path) -> None:
    file = "charts/over_time.py"
    replace_in(daily, file, ('GRAIN = "auto"', 'GRAIN = "week"'))
    assert "GRAIN is 'week'" in start_error(daily)
    replace_in(daily, file, ('GRAIN = "week"\n', ""))
    assert "GRAIN is ''. Write" in start_error(daily)


def test_in_a_browser_the_step_is_chosen_beside_the_filters(daily: Path, watched: Watched) -> None:
    page = watched.page
    points = "() => document.querySelector('#over-time .chart').data[0].x.length"

    def shows(count: int) -> None:
        wait_for(lambda: page.evaluate(points) == count, f"{count} points")

    with served_copy(daily, lambda root: None) as url:
        page.goto(url)
        drawn(page, 5)
        shows(156)
        choose(page, "Time step", "month")
        shows(36)
        assert page.locator(".chip").all_inner_texts() == ["Time step: month"]
        page.locator(".reset").click()
        shows(156)


def test_of_few_events_a_step_has_several(daily: Path) -> None:
    rows = "".join(
        f"{date(2021, 1, 1) + timedelta(days=n // 3 + n * 7 % 5)},North,tea,1,2\n"
        for n in range(540)
    )
    (daily / "data/sales.csv").write_text(f"date,region,product,units,revenue\n{rows}", "utf-8")
    inside(
        daily,
        """
        assert [day[5:] for day in steps("")[:2]] == ["01-04", "01-11"] and len(steps("")) < 30
        assert len(steps("?date.from=2021-03-01&date.to=2021-03-31")) == 31
        """,
        START + STEPS,
    )
