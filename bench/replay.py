"""Ten minutes of work on a dashboard as a list of edits: a new chart from nothing, with mistakes.

The same work in a project of flaskdash and in a script of another tool, without the pauses of a person.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

CHART = "app/charts/channels.py"
SOURCE = """\
import plotly.graph_objects as go

TITLE = "Channels"
DATA = "sales"
DASHBOARDS = ["Overview"]
FILTERS = ["region"]
ORDER = 1
SIZE = "half"
SQL = "SELECT channel, sum(revenue) AS revenue FROM sales GROUP BY 1"


def figure(df):
    return go.Figure(go.Bar(x=df["channel"], y=df["revenue"]))
"""
# What a script gets instead of the chart's file: a query, and a figure in its list.
QUERY = 'channels = df.groupby("channel")["revenue"].sum()\n'
FIGURE = 'px.bar(channels.reset_index(), x="channel", y="revenue", title="Channels"),\n'
OPTIONS = '["phone", "shop", "web"]'
BOXES = """\
  <label>Channel <input name="channel"></label>
  <button>"""


@dataclass(frozen=True)
class Edit:
    """A text of a file, and what replaces it; lines that are inserted are indented as it is."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Step:
    """What a person saves, and how a page shows it: `expectation` is a check of serve.js."""

    label: str
    expectation: str
    project: Sequence[Edit]
    script: Sequence[Edit]
    word: str = ""
    """What an error contains, or what the page contains then."""
    tools: Mapping[str, Sequence[Edit]] = field(default_factory=dict)
    """What a tool needs besides."""
    charts: int = 5


def _chart(old: str, new: str) -> list[Edit]:
    return [Edit(CHART, old, new)]


def _app(*pairs: tuple[str, str]) -> list[Edit]:
    return [Edit("app.py", old, new) for old, new in pairs]


PICKED = (
    ("def answer(regions: tuple[str, ...])", "def answer(regions: tuple[str, ...], picked: tuple[str, ...])"),
)  # fmt: skip
STEPS = (
    Step(
        "a new chart",
        "changed",
        _chart("", SOURCE),
        _app(("bins = (df", f"{QUERY}bins = (df"), ("px.bar(bins", f"{FIGURE}px.bar(bins")),
        tools={"Dash": _app(('"histogram")', '"channels", "histogram")'))},
    ),
    Step(
        "a misspelt column",
        "error",
        _chart("SELECT channel", "SELECT chanel"),
        _app(('groupby("channel")', 'groupby("chanel")')),
        "chanel",
    ),
    Step(
        "corrected, and the mean",
        "changed",
        _chart("SELECT chanel, sum(revenue)", "SELECT channel, avg(revenue)"),
        _app(('groupby("chanel")["revenue"].sum()', 'groupby("channel")["revenue"].mean()')),
        "chanel",
    ),
    Step(
        "its title",
        "text",
        _chart('"Channels"', '"Revenue by channel"'),
        _app(('"Channels"', '"Revenue by channel"')),
        "Revenue by channel",
    ),
    Step(
        "fewer rows",
        "changed",
        _chart("FROM sales", "FROM sales WHERE quantity > 1"),
        _app(("channels = df.", 'channels = df[df["quantity"] > 1].')),
    ),
    Step(
        "a bracket too few",
        "error",
        _chart('y=df["revenue"]))', 'y=df["revenue"])'),
        _app(("channels.reset_index()", "channels.reset_index(")),
        "SyntaxError",
    ),
    Step(
        "mended, and horizontal",
        "changed",
        _chart(
            'x=df["channel"], y=df["revenue"])', 'y=df["channel"], x=df["revenue"], orientation="h"))'
        ),
        _app(
            ('channels.reset_index(, x="channel", y=', 'channels.reset_index(), y="channel", x='),
        ),
        "SyntaxError",
    ),
    Step(
        "a column that the figure lacks",
        "error",
        _chart('x=df["revenue"]', 'x=df["revenus"]'),
        _app(('y="channel", x="revenue"', 'y="channel", x="revenus"')),
        "revenus",
    ),
    Step(
        "mended, and thinner bars",
        "changed",
        _chart('x=df["revenus"], orientation="h")', 'x=df["revenue"], orientation="h"), {"bargap": 0.5}'),
        _app(
            (
                'x="revenus", title="Revenue by channel")',
                'x="revenue", title="Revenue by channel").update_layout(bargap=0.5)',
            )
        ),
        "revenus",
    ),
    Step(
        "a filter",
        "text",
        _chart('FILTERS = ["region"]', 'FILTERS = ["region", "channel"]'),
        _app(
            (
                "channels = df[",
                'df = df[df["channel"].isin(picked)] if picked else df\nchannels = df[',
            )
        ),
        "Channel",
        {
            "Streamlit": _app(
                *PICKED,
                ("chosen = st.", f'picked = st.multiselect("Channel", {OPTIONS})\nchosen = st.'),
                ("(tuple(sorted(chosen)))", "(tuple(sorted(chosen)), tuple(picked))"),
            ),
            "Dash": _app(
                *PICKED,
                (
                    "dcc.Dropdown(sorted",
                    f'html.Label("Channel"),\ndcc.Dropdown({OPTIONS}, multi=True, id="picked"),\n'
                    "dcc.Dropdown(sorted",
                ),
                ('Input("region", "value")', 'Input("region", "value"), Input("picked", "value")'),
                (
                    "def update(regions: list[str] | None)",
                    "def update(regions: list[str] | None, picked: list[str] | None)",
                ),
                ("(regions or ())))", "(regions or ())), tuple(picked or ()))"),
            ),
            "Shiny": _app(
                (
                    'ui.output_ui("kpis")',
                    f'ui.input_selectize("picked", "Channel", {OPTIONS}, multiple=True),\n'
                    'ui.output_ui("kpis")',
                ),
                ("regions = input.region()", "regions, picked = input.region(), input.picked()"),
            ),
            "Flask": [
                Edit("templates/course.html", "  <button>", BOXES),
                *_app(
                    ("chosen = request", 'picked = request.args.getlist("channel")\nchosen = request')
                ),
            ],
        },
    ),
    Step(
        "how numbers are written",
        "figures",
        [Edit("app/helpers.py", 'return sign + (', 'return "1: " + sign + (')],
        [Edit("helpers.py", "return text", 'return "1: " + text')],
    ),
    Step(
        "a module that does not exist",
        "error",
        [Edit("app/helpers.py", "import math\n", "import math\nimport nothing_like_this\n")],
        [Edit("helpers.py", "def ", "import nothing_like_this\ndef ")],
        "nothing_like_this",
    ),
    Step(
        "mended, and written otherwise",
        "figures",
        [
            Edit("app/helpers.py", "import nothing_like_this\n", ""),
            Edit("app/helpers.py", 'return "1: "', 'return "2: "'),
        ],
        [
            Edit("helpers.py", "import nothing_like_this\n", ""),
            Edit("helpers.py", '"1: "', '"2: "'),
        ],
        "nothing_like_this",
    ),
    Step("the chart is deleted", "drawn", (), (), charts=4),
)  # fmt: skip


def saves(
    tool: str, original: Callable[[str], str]
) -> Iterator[tuple[Step, dict[str, str | None]]]:
    """Yield each step with the files that it saves, and their texts; None deletes a file."""
    texts: dict[str, str | None] = {CHART: ""}
    for step in STEPS:
        is_project = tool == "flaskdash"
        edits = step.project if is_project else [*step.tools.get(tool, ()), *step.script]
        for edit in edits:
            text = texts.get(edit.file)
            texts[edit.file] = apply(original(edit.file) if text is None else text, edit)
        if not edits:  # the last step: the chart is deleted
            texts |= {CHART: None} if is_project else {"app.py": original("app.py")}
            yield step, {name: texts[name] for name in ([CHART] if is_project else ["app.py"])}
            continue
        yield step, {edit.file: texts[edit.file] for edit in edits}


def apply(text: str, edit: Edit) -> str:
    """Return a text after an edit, which has to fit."""
    if edit.old not in text:
        raise ValueError(f"{edit.old!r} is not in {edit.file}")
    before = text[: text.index(edit.old)].rpartition("\n")[2]
    indent = before if edit.old and not before.strip() else ""
    return text.replace(edit.old, edit.new.replace("\n", f"\n{indent}"), 1)
