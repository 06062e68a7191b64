"""A project with a chart of each kind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.data import PLACES
from tests.support.flags import FLAGS
from tests.support.pages import add
from tests.support.projects import copy_project, own_environment
from tests.support.shapes import collection, square
from tests.support.web import serving, wait_for_data

NOTES = """### Notes

| one | two |
|---|---|
| 1 | 2 |

[a link](https://example.com) [no link](javascript:alert(1))

<img src=x onerror=alert(1)> {value}
"""
HOSTILE_SQL = (
    "SELECT '<script>alert(2)</script> [x](https://example.com) <b>*bold*</b>' AS value FROM sales"
)


@pytest.fixture
def shop(stocked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of a module's project with parts, as the current folder."""
    root = copy_project(stocked, tmp_path / "shop")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def site(shop: Path) -> Iterator[str]:
    """Lend the address of that copy."""
    with serving(shop, SECRET_KEY="test") as url:
        wait_for_data(url)
        yield url


@pytest.fixture(scope="session")
def kinds_project(shared_project: Path) -> Path:
    """Return a project with a chart of each kind, shared by all workers; tests must copy it."""
    folder = shared_project.parent
    root = folder / "kinds"
    with FileLock(folder / "kinds.lock"):
        if not root.exists():
            copy_project(shared_project, root)
            own_environment(root, shared_project)
            add_each_kind(root)
    return root


@pytest.fixture(scope="module")
def kinds(kinds_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Lend the address of a project with a chart of each kind on the dashboard Kinds."""
    root = tmp_path_factory.mktemp("kinds") / "shop"
    copy_project(kinds_project, root)
    with serving(root) as url:
        wait_for_data(url)
        yield url


def add_each_kind(root: Path) -> None:
    rows = [f"{','.join(map(str, place))},{n}" for n in range(6) for place in PLACES]
    places = root.with_name("places.csv")
    places.write_text("\n".join(["country,state,longitude,latitude,people", *rows]), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        add("add-data", str(places))
        add("refresh")  # else each add-chart runs the loader
        on = ("--dashboard", "Kinds", "--filter")
        for kind, flags in FLAGS.items():
            if kind not in {"choropleth", "map"}:
                add(
                    "add-chart",
                    f"my_{kind}",
                    "--data",
                    "sales",
                    "--kind",
                    kind,
                    *flags,
                    *on,
                    "region",
                )
        flags = ("--data", "places", *on, "country", "--kind")
        add("add-chart", "my_choropleth", *flags, "choropleth", "--x", "country", "--y", "people")
        add("add-chart", "my_map", *flags, "map", "--x", "longitude", "--y", "latitude")
        add("add-chart", "states", *flags, "choropleth", "--x", "state", "--title", "States")
        areas = [square(x, y, 5, name=country) for country, _, x, y in PLACES]
        outlines = root.with_name("areas.geojson")
        outlines.write_text(json.dumps(collection(*areas)), "utf-8")
        areas_of = ("--x", "country", "--shapes", str(outlines))
        add("add-chart", "areas", *flags, "choropleth", *areas_of, "--title", "Areas")
        trend = ("--kind", "kpi", "--x", "date", "--y", "revenue", "--grain", "month")
        add("add-chart", "trend", "--data", "sales", *trend, *on, "region")
        target = ("--kind", "bullet", "--y", "revenue", "--target", "5000")
        add("add-chart", "one_bullet", "--data", "sales", *target, "--dashboard", "Others")
        totals = ("--kind", "histogram", "--x", "revenue", "--by", "region")
        add("add-chart", "per_region", "--data", "sales", *totals, "--dashboard", "Others")
        add("add-chart", "notes", "--data", "sales", "--kind", "text", "--dashboard", "Others")
        notes = root / "app/charts/notes.py"
        text = re.sub(
            r'SQL = """\n.*?\n"""',
            lambda _: f"SQL = {HOSTILE_SQL!r}",
            notes.read_text(),
            flags=re.DOTALL,
        )
        notes.write_text(re.sub("TEXT = .*", lambda _: f"TEXT = {NOTES!r}", text), "utf-8")
