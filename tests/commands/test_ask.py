"""The questions of add-chart on a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from flaskdash.charts.kinds import KINDS
from tests.support.data import sales_csv
from tests.support.flags import FLAGS

QUESTION_FLAGS = {"x", "y", "by", "size", "color", "agg", "grain"}


def answer(made: Path, *questions: tuple[str, str], flags: tuple[str, ...] = ()) -> str:
    """Run add-chart on a terminal, answer its questions in turn, and return what it printed."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "flaskdash", "add-chart", "mine", *flags],
        cwd=str(made),
        timeout=60,
        encoding="utf-8",
        dimensions=(50, 200),
    )
    printed = ""
    for question, reply in questions:
        child.expect(question)
        printed += str(child.before) + str(child.after)
        child.sendline(reply)
    child.expect("create +app/charts/mine.py")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return printed


def test_add_chart_asks_for_each_part_of_a_custom_chart(made: Path) -> None:
    printed = answer(
        made,
        (r"Chart.*\[1\]: ", "0"),
        (r"Kind \(kpi, line,.*\) \[bar\]: ", "line"),
        (r"x, the horizontal axis \[date\]: ", ""),
        (r"y, the measure \(- for the number of rows\) \[\w+\]: ", "units"),
        (r"Aggregate by \(sum, .*\) \[sum\]: ", "mean"),
        (r"Time step \(year, .*\) \[\w+\]: ", "quarter"),
        (r"Colour by \(- for none\) \[-\]: ", "region"),
        (r"Filters \(- for none\) \[date, region, product\]: ", "prodct"),
        (r"Unknown column 'prodct'.*Filters", "region, product"),
        (r"Dashboard \(existing: Overview; or a new one\) \[Overview\]: ", "Details"),
        (r"Title \[Average units over time, by region\]: ", "Units"),
    )
    assert re.search("revenue +number +measure", printed)
    text = (made / "app/charts/mine.py").read_text("utf-8")
    assert "date_trunc('quarter', date)" in text
    assert "avg(units)" in text
    assert 'TITLE = "Units"' in text
    assert 'FILTERS = ["region", "product"]' in text
    assert 'DASHBOARDS = ["Details"]' in text


def test_enter_takes_each_default(made: Path) -> None:
    answer(made, (r"\[1\]: ", "0"), *[(r"\[[^]]+\]: ", "")] * 8)
    text = (made / "app/charts/mine.py").read_text("utf-8")
    assert "sum(" in text
    assert 'DASHBOARDS = ["Overview"]' in text


def questions(kind: str) -> int:
    flags = {*KINDS[kind].needs, *KINDS[kind].takes}
    if "x" not in KINDS[kind].needs:
        flags -= {"x", "grain"}
    return 3 + len(QUESTION_FLAGS & flags)


KINDS_BY_COUNT = {questions(kind): kind for kind in FLAGS if kind not in {"bar", "gauge"}}


@pytest.mark.parametrize("kind", KINDS_BY_COUNT.values())
def test_enter_takes_the_defaults_of_a_kind(made: Path, kind: str) -> None:
    count = questions(kind)
    answer(made, (r"\[1\]: ", "0"), ("Kind .*: ", kind), *[(r"\[[^]]+\]: ", "")] * count)


def test_a_gauge_asks_for_its_target(made: Path) -> None:
    answers = (
        ("Kind .*: ", "gauge"),
        ("y, .*: ", "units"),
        ("Aggregate .*: ", ""),
        ("Target: ", "2000"),
    )
    answer(made, (r"\[1\]: ", "0"), *answers, *[(r"\[[^]]+\]: ", "")] * 3)
    text = (made / "app/charts/mine.py").read_text("utf-8")
    assert 'value, target = df["units"].iloc[0], 2000' in text


def test_a_text_is_counted_and_a_category_has_no_step(made: Path) -> None:
    answer(
        made,
        (r"\[1\]: ", "0"),
        (r"Kind .*: ", "bar"),
        (r"x, .*: ", "region"),
        (r"y, .*: ", "product"),
        (r"Aggregate by \(count, distinct\) \[count\]: ", "distinct"),
        (r"Colour .*: ", ""),
        (r"Filters .*: ", "-"),
        (r"Dashboard .*: ", ""),
        (r"Title .*: ", ""),
    )
    text = (made / "app/charts/mine.py").read_text("utf-8")
    assert "count(DISTINCT product)" in text
    assert "FILTERS = []" in text


def test_a_suggestion_asks_only_for_its_dashboard_and_title(made: Path, sales: Path) -> None:
    costs = sales.with_name("costs.csv")
    costs.write_text(sales_csv(100), "utf-8")
    subprocess.run([sys.executable, "-m", "flaskdash", "add-data", costs], cwd=made, check=True)
    answer(
        made,
        (r"Data \(costs, sales\) \[costs\]: ", "costs"),
        (r"Chart.*\[1\]: ", ""),
        (r"Dashboard .* \[Overview\]: ", ""),
        (r"Title \[.+\]: ", ""),
    )
    assert 'DATA = "costs"' in (made / "app/charts/mine.py").read_text("utf-8")


def test_add_chart_does_not_ask_for_the_value_of_a_flag(made: Path) -> None:
    flags = ("--title", "Ours", "--dashboard", "Details", "--filter", "product")
    answer(made, (r"Chart.*\[1\]: ", "1"), flags=flags)
    text = (made / "app/charts/mine.py").read_text("utf-8")
    assert 'TITLE = "Ours"' in text
    assert 'DASHBOARDS = ["Details"]' in text
    assert 'FILTERS = ["product"]' in text


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_an_answer_that_is_not_utf8_is_text_in_the_chart(made: Path, locale: str) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "flaskdash", "add-chart", "mine"],
        cwd=str(made),
        timeout=60,
        env=os.environ | {"LC_ALL": locale},
    )
    for question, reply in (
        (b"Chart.*: ", b"1"),
        (b"Dashboard.*: ", b""),
        (b"Title.*: ", b"caf\xe9"),
    ):
        child.expect(question)
        child.sendline(reply)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert 'TITLE = "caf\N{REPLACEMENT CHARACTER}"' in (made / "app/charts/mine.py").read_text(
        "utf-8"
    )


def test_add_form_asks_for_its_fields(made: Path) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "flaskdash", "add-form"],
        cwd=str(made),
        timeout=60,
        encoding="utf-8",
        dimensions=(50, 200),
    )
    for question, reply in (
        ("Name of the form, such as orders: ", "visits"),
        (r"Types: text, longtext.*Field: ", "class"),
        (r"cannot be the name of a field.*Field: ", "region"),
        (r"Type \(text, .*\) \[text\]: ", "choice"),
        (r"Choices \(separated by \|\): ", "North"),
        (r"Choices are 2 to 200.*Choices \(separated by \|\): ", "North|South"),
        (r"Required\? \[y/N\]: ", "y"),
        (r"Field \(Enter to finish\): ", "day"),
        (r"Type .*: ", "date"),
        (r"Required\? \[y/N\]: ", ""),
        (r"Field \(Enter to finish\): ", ""),
    ):
        child.expect(question)
        child.sendline(reply)
    child.expect("create +app/blueprints/visits/forms.py")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    text = (made / "app/blueprints/visits/forms.py").read_text("utf-8")
    assert '["North", "South"]' in text
    assert 'DateField("Day", [Optional()' in text
