"""inspect with several files: how they fit together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.data import sales_csv
from tests.support.fixtures import Cli


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    sales, targets = tmp_path / "sales.csv", tmp_path / "targets.csv"
    sales.write_text(sales_csv(), "utf-8")
    regions = ("North", "South", "East", "Mars")
    rows = [
        f"{region},{product},{n * 7.5}"
        for n, region in enumerate(regions)
        for product in ("Tea", "Coffee", "Cocoa")
    ]
    targets.write_text("\n".join(["region,product,target", *rows]) + "\n", "utf-8")
    return sales, targets


def test_text(files: tuple[Path, Path], flaskdash: Cli) -> None:
    output = flaskdash("inspect", *files).output
    assert output.count("Charts:") == 2
    assert "sales and targets:\n" in output
    assert "  region: 3 of 4 values of sales are in targets, 3 of 4 the other way" in output
    assert "    only in sales: 'West'" in output
    assert "    only in targets: 'Mars'" in output
    assert "Joined by region and product, " in output
    assert "so values of targets are repeated." in output


def test_json(files: tuple[Path, Path], flaskdash: Cli) -> None:
    report = json.loads(flaskdash("inspect", *files, "--json").stdout)
    assert [len(source["columns"]) for source in report["sources"]] == [5, 3]
    (fit,) = report["fits"]
    assert fit["keys"] == [["region", "region"], ["product", "product"]]
    assert fit["candidates"][1]["left_only"] == ["West"]
    assert (fit["join"]["right_most"], fit["join"]["right_matched"]) == (1, 9)
    alone = json.loads(flaskdash("inspect", files[0], "--json").stdout)
    assert "sources" not in alone


def test_what_is_left_out_has_no_fit(files: tuple[Path, Path], flaskdash: Cli) -> None:
    output = flaskdash("inspect", *files, "--left-out").output
    assert output.count("Nothing is left out.") == 2
    assert "sales and targets" not in output
