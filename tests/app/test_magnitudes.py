"""Charts of very large and very small numbers: labels that can be read, and no inline styles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.data import sales_csv
from tests.support.flags import FLAGS
from tests.support.pages import add
from tests.support.projects import copy_project, module_of_skeleton
from tests.support.web import Watched, serving, wait_for_data

KINDS = (
    *("kpi", "line", "bar", "scatter", "bubble", "histogram", "box", "violin"),
    *("waterfall", "gauge", "bullet", "candlestick", "radar", "heatmap", "treemap", "sankey"),
)
MAGNITUDES = {"huge": 18, "tiny": -20}
CUT = """() => {
  const texts = [...document.querySelectorAll(".chart text")];
  return texts.filter((text) => {
    const [label, svg] = [text, text.closest("svg")].map((it) => it.getBoundingClientRect());
    const isCut = label.left < svg.left - 0.5 || label.right > svg.right + 0.5;
    return isCut && /e[+\u2212]/.test(text.textContent);
  }).map((text) => text.textContent);
}"""


@pytest.fixture(scope="module")
def site(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Lend the address of a project with a dashboard of large numbers, and one of small ones."""
    folder = tmp_path_factory.mktemp("magnitudes")
    root = folder / "shop"
    copy_project(shared_project, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for name, exponent in MAGNITUDES.items():
            text = re.sub(
                r"(\d+),([\d.]+)$", rf"\1e{exponent},\2e{exponent}", sales_csv(), flags=re.M
            )
            (folder / f"{name}.csv").write_text(text, "utf-8")
            add("add-data", str(folder / f"{name}.csv"))
        add("refresh")  # else each add-chart runs the loader
        for name, exponent in MAGNITUDES.items():
            for kind in KINDS:
                flags = [flag.replace("5000", f"5e{exponent + 3}") for flag in FLAGS[kind]]
                on = ("--dashboard", name.title(), "--filter", "region")
                add("add-chart", f"{name}_{kind}", "--data", name, "--kind", kind, *flags, *on)
    with serving(root) as url:
        wait_for_data(url)
        yield url


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", MAGNITUDES)
def test_no_label_of_very_large_or_small_numbers_is_cut(
    site: str, watched: Watched, name: str, width: int
) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site}/dashboards/{name}")
    page.wait_for_load_state("networkidle")
    for figure in page.locator(".chart").all():
        figure.scroll_into_view_if_needed()
        expect(figure.locator(".main-svg").first).to_be_attached(timeout=20_000)
    assert page.locator(".chart").count() > 10
    assert page.evaluate(CUT) == []
    ticks = page.locator(".ytick text").all_text_contents()
    assert any(re.fullmatch(r"\d(\.\d+)?e[+\u2212]\d\d", tick) for tick in ticks)
    assert "0" in ticks
    dial = page.locator(".indicatorlayer text").all_text_contents()
    assert any(re.fullmatch(r"\d\.\d+e[+\u2212-]\d\d", number) for number in dial), dial


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0, "$0"), (0.5, "$0.5"), (999.4, "$999"), (1234, "$1,234"), (12_345, "$12.3k")),
        *((1e6, "$1M"), (-2.5e9, "-$2.5B"), (9.99e14, "$999T"), (9.999e14, "$1e+15")),
        *((6.08e20, "$6.08e+20"), (-1e300, "-$1e+300"), (1.234e-20, "$1.23e-20")),
    ],
)
def test_a_number_can_be_read_at_any_size(value: float, text: str) -> None:
    with module_of_skeleton("app.helpers") as helpers:
        assert helpers.number(value, "$") == text
