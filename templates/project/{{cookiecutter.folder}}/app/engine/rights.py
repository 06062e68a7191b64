"""Rights: the rows of a loader that a visitor may see, as its visible(user) says."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app, request

from app.engine.filters import quote
from app.engine.models import Loader
from app.engine.visitor import visitor


@dataclass(frozen=True)
class Rights:
    """What rows must meet to be seen: columns with one of some values, and a condition in SQL.

    `values` are those of the condition, which names them as $name. Without both, all rows are seen.
    """

    columns: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    sql: str = ""
    values: tuple[tuple[str, Any], ...] = ()

    def clause(self, prefix: str) -> tuple[str, dict[str, object]]:
        """Return all of it as one condition for DuckDB, and its values, whose names begin so."""
        clauses: list[str] = []
        values: dict[str, object] = {}
        for n, (column, allowed) in enumerate(self.columns):
            clauses.append(f"{quote(column)} = ANY(${prefix}c{n})")
            values[f"{prefix}c{n}"] = list(allowed)
        if self.sql:
            clauses.append(f"({re.sub(r'[$](?=[a-zA-Z_])', f'${prefix}', self.sql)})")
            values |= {prefix + name: value for name, value in self.values}
        return " AND ".join(clauses), values


ALL = Rights()
NONE = Rights(sql="1 = 0")


def rights(loader: Loader) -> Rights:
    """Return which rows of a loader the visitor may see; commands and checks may see all."""
    if loader.visible is None or visitor().roles is None:
        return ALL
    known: dict[str, Rights] = request.environ.setdefault("app.rights", {})
    if loader.name not in known:
        user = visitor().user
        known[loader.name] = NONE if user is None else _rights(loader, loader.visible(user))
    return known[loader.name]


def _rights(loader: Loader, condition: Any) -> Rights:
    """Return what visible() said as Rights; raise TypeError if it is nothing that it may say."""
    match condition:
        case None:
            return ALL
        case Mapping() if condition:
            several = (list, tuple, set, frozenset)
            pairs = [(str(c), v if isinstance(v, several) else [v]) for c, v in condition.items()]
            return Rights(tuple((column, tuple(sorted(values))) for column, values in pairs))
        case (str() as sql, Mapping() as values):
            return Rights(sql=sql, values=tuple(sorted(values.items())))
    raise TypeError(
        f"{loader.file}: visible() returned {condition!r:.80}. Return None for all rows,"
        ' {"column": value}, or ("SQL with $name", {"name": value}).'
    )


def cache_key(loaders: Iterable[Loader]) -> object:
    """Return what an answer depends on besides its address and the data: who may see what of it."""
    current = visitor()
    # A set of roles has no order, and its repr() may differ between processes.
    roles = current.roles and sorted(current.roles)
    closed = current_app.extensions["engine"].dashboard_roles
    return roles, closed, current.key, [*map(rights, loaders)]


def visible_rows(name: str, allowed: Rights, path: str) -> tuple[str, dict[str, object]]:
    """Return the SQL of the rows of a snapshot that a visitor may see, and its values."""
    condition, values = allowed.clause(f"{name}_")
    rows = f"read_parquet(${name})"
    if condition:
        rows = f"(SELECT * FROM {rows} WHERE {condition})"
    return rows, {name: path, **values}
