"""Choose among all charts of a table: by their features, and without repeats."""

from __future__ import annotations

import pytest

from flaskdash.charts.kinds import Chart
from flaskdash.charts.suggest import described
from flaskdash.charts.suggest.candidates import key
from flaskdash.charts.suggest.facts import Facts
from flaskdash.charts.suggest.rank import choose, score
from flaskdash.charts.suggest.relations import Relations
from flaskdash.charts.suggest.weights import WEIGHTS
from flaskdash.inspect import Inspection
from tests.support.suggesting import Look, noise


@pytest.fixture
def plants(look: Look) -> Inspection:
    """Return a trial: a yield that depends on the dose and the variety, but not on the block."""
    return look(
        "plot,block,variety,dose,height,yield",
        lambda i: (
            f"{i},{'ABCD'[i % 4]},{['oat', 'rye', 'pea'][i % 3]},{noise(i, 4) * 20},"
            f"{40 + noise(i, 37)}.{noise(i, 9)},"
            f"{50 + noise(i, 4) * 10 + (i % 3) * 8 + noise(3 * i, 7)}.{noise(i, 8)}"
        ),
    )


def facts_of(inspection: Inspection) -> Facts:
    return Facts.from_inspection(inspection, "trial")


def bar(x: str, y: str | None = None) -> Chart:
    return Chart("bar", "trial", f"{y} by {x}", x=x, y=y, agg="sum" if y else "count")


def test_equally_likely_charts_are_chosen_so_that_they_differ() -> None:
    charts = [bar("a", "v"), bar("a", "w"), bar("b", "v"), bar("b", "w"), bar("c")]
    assert choose(charts, [0.0] * 5, 3) == [0, 3, 4]


def test_a_much_more_likely_chart_is_chosen_though_it_repeats_a_column() -> None:
    charts = [bar("a", "v"), bar("a", "w"), bar("b", "u")]
    assert choose(charts, [3.0, 2.9, -2.0], 2) == [0, 1]


def test_the_same_pair_comes_last_in_another_kind() -> None:
    box = Chart("box", "trial", "", x="a", y="v")
    charts = [bar("a", "v"), box, bar("b", "w")]
    assert choose(charts, [1.0, 0.9, 0.0], 3) == [0, 2, 1]


def test_no_more_charts_are_chosen_than_there_are() -> None:
    assert choose([], [], 6) == []
    assert choose([bar("a")], [0.5], 6) == [0]


def test_a_score_adds_the_weighted_features() -> None:
    assert (
        score({"bar": 1.0, "bar.relation": 0.5, "unknown": 9.0}, {"bar": 2.0, "bar.relation": -1.0})
        == 1.5
    )


def test_candidates_differ_and_use_no_number_of_a_row(plants: Inspection) -> None:
    charts, features = described(facts_of(plants))
    assert len(features) == len(charts) == len({key(chart) for chart in charts})
    assert not any("plot" in (chart.x, chart.y) for chart in charts)
    pairs = {(chart.kind, chart.x, chart.y) for chart in charts}
    assert {
        ("box", "variety", "yield"),
        ("bar", "variety", None),
        ("histogram", "yield", None),
    } <= pairs
    # A measure of few values is a category, too.
    assert ("bar", "dose", "yield") in pairs


def test_means_that_a_category_does_not_explain_are_no_candidates(plants: Inspection) -> None:
    relations = Relations(plants.frame, plants.columns)
    measure, block, variety = map(plants.column, ("yield", "block", "variety"))
    assert relations.explained(measure, variety) > 0.1
    assert relations.explained(measure, block) < 0.05
    assert relations.explained(measure, measure) == 0.0  # each value is nearly its own


def test_features_are_numbers_from_0_to_1_that_have_weights(plants: Inspection) -> None:
    _, features = described(facts_of(plants))
    names = {name for values in features for name in values}
    assert all(0 < value <= 1.5 for values in features for value in values.values())
    assert len(names & set(WEIGHTS)) > 0.7 * len(names)


def test_the_same_table_has_the_same_charts(plants: Inspection) -> None:
    assert described(facts_of(plants)) == described(facts_of(plants))
