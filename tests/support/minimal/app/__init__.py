"""A dashboard with only the names of the contract (docs/contract.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask

from app.charts import total
from app.loaders import numbers

if TYPE_CHECKING:  # to import pandas takes longer than what most tests do with the project
    import pandas as pd

ROOT = Path(__file__).parents[1]
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Minimal</title></head>
<body><main><a href="{root}/charts/total">{value}</a></main><footer></footer></body></html>
"""


@dataclass
class State:
    built: str = ""
    rows: int = 0
    error: str = ""


@dataclass
class Data:
    rows: pd.DataFrame | None = None

    def build(self, force: bool = False) -> State:
        if force or self.rows is None:
            self.rows = numbers.load()
        return State("2026-01-01T00:00:00+00:00", len(self.rows))

    def query(self, _sql: str, _filters: Sequence[Any] = ()) -> pd.DataFrame:
        return self.rows

    def query_all(self, _sqls: list[str], _filters: Sequence[Any]) -> list[pd.DataFrame]:
        return []


@dataclass(frozen=True)
class Chart:
    kind: str = "kpi"
    draw: Callable[[pd.DataFrame], Any] = total.kpi
    filters: dict[str, str] = field(default_factory=dict)


@dataclass
class Cache:
    code_version: str = "1"


@dataclass
class Engine:
    data: dict[str, Data] = field(default_factory=lambda: {"numbers": Data()})
    charts: dict[str, Chart] = field(default_factory=lambda: {"total": Chart()})
    cache: Cache = field(default_factory=Cache)

    def freeze(self) -> dict[str, State]:
        return {name: data.build() for name, data in self.data.items()}


def create_app(**settings: Any) -> Flask:
    app = Flask(__name__)
    release = ROOT / ".release"
    app.config["RELEASE"] = release.read_text().strip() if release.is_file() else ""
    app.config["INSTANCE"] = ROOT / "instance"
    app.config["CACHE"] = ROOT / "instance/cache"
    app.config["TABLE_ROWS"] = 25
    app.config.update(settings)
    app.extensions["engine"] = engine = Engine()

    @app.get("/")
    @app.get("/charts/total")
    @app.get("/charts/total/rows")
    def page() -> str:
        from flask import request

        engine.data["numbers"].build()
        value = engine.charts["total"].draw(engine.data["numbers"].query(total.SQL))["value"]
        return PAGE.format(root=request.root_path, value=value)

    @app.get("/charts/total/data.json")
    @app.get("/charts/total.csv")
    def rows() -> tuple[str, dict[str, str]]:
        engine.data["numbers"].build()
        rows = engine.data["numbers"].query(total.SQL)
        return rows.to_csv(index=False), {"Content-Type": "text/csv"}

    @app.get("/up")
    def up() -> str:
        return f"up {app.config['RELEASE']}".strip() + "\n"

    @app.get("/ready")
    def ready() -> dict[str, Any]:
        return {"loaders": {name: vars(state) for name, state in engine.freeze().items()}}

    return app
