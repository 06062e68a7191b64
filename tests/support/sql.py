"""Charts and columns, and rows for each dialect."""

from flaskdash.charts.kinds import Chart
from flaskdash.inspect.model import Column


def column(name: str, kind: str = "number", role: str = "measure", **fields: object) -> Column:
    return Column(name, kind, role, 0, 5, **fields)  # type: ignore[arg-type]


def chart(kind: str, **fields: object) -> Chart:
    return Chart(kind, "sales", "", **fields)  # type: ignore[arg-type]
