"""Charts and columns, and rows for each dialect."""

from flaskdash.charts.kinds import Chart
from flaskdash.inspect.model import Column


def column(name: str, kind: str = "number", role: str = "measure", **more: object) -> Column:
    return Column(name, kind, role, 0, 5, **more)  # type: ignore[arg-type]


def chart(kind: str, **more: object) -> Chart:
    return Chart(kind, "sales", "", **more)  # type: ignore[arg-type]
