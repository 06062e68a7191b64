"""The rows of several loaders, joined by their keys in front of a chart's SQL."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from flaskdash.inspect.dialects import DUCKDB

MAX_LINE = 90
quote = DUCKDB.quote  # each loader is a snapshot: databases that are asked live cannot be joined


@dataclass(frozen=True)
class Join:
    """The joined rows of `loaders`, which have the name of a table in the chart's SQL.

    `keys` are, for each loader but the first, pairs of a column of the first loader and its own.
    `columns` are the loader and its column by their name in the joined rows. `repeated` says of a
    loader why sums over its columns would count some rows several times.
    """

    name: str
    loaders: tuple[str, ...]
    keys: tuple[tuple[tuple[str, str], ...], ...]
    columns: Mapping[str, tuple[str, str]]
    repeated: Mapping[str, str] = field(default_factory=dict)

    def before(self, query: str) -> str:
        """Return SQL over the joined rows, with the join of the columns that it uses in front."""
        selects_all = bool(re.search(r"SELECT \*", query))
        used = [name for name in self.columns if selects_all or _has(query, name)]
        selected = ", ".join(map(self._column, used))
        if len(selected) > MAX_LINE:
            selected = ",\n        ".join(map(self._column, used))
        first = quote(self.loaders[0])
        joins = "".join(
            f"\n    JOIN {quote(loader)} {_condition(first, quote(loader), pairs)}"
            for loader, pairs in zip(self.loaders[1:], self.keys, strict=True)
        )
        rows = f"WITH {quote(self.name)} AS (\n    SELECT {selected}\n    FROM {first}{joins}\n)"
        if query.startswith("WITH "):
            return f"{rows},\n{query.removeprefix('WITH ')}"
        return f"{rows}\n{query}"

    def _column(self, name: str) -> str:
        loader, column = self.columns[name]
        text = quote(column)
        if self._names[column.casefold()] > 1:
            text = f"{quote(loader)}.{text}"
        return text if column == name else f"{text} AS {quote(name)}"

    @property
    def _names(self) -> Counter[str]:
        """Return how many loaders have a column; USING makes one column of the two."""
        names = Counter(column.casefold() for _, column in self.columns.values())
        for pairs in self.keys:
            names.update(name.casefold() for _, name in pairs if not _is_using(pairs))
        return names


def _has(query: str, name: str) -> bool:
    return bool(re.search(rf'(?<![\w"]){re.escape(quote(name))}(?![\w"])', query))


def _is_using(pairs: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether the keys have the same names in both loaders; SQL ignores their case."""
    return all(left.casefold() == right.casefold() for left, right in pairs)


def _condition(first: str, loader: str, pairs: tuple[tuple[str, str], ...]) -> str:
    if _is_using(pairs):
        return f"USING ({', '.join(quote(left) for left, _ in pairs)})"
    equal = (f"{first}.{quote(left)} = {loader}.{quote(right)}" for left, right in pairs)
    return f"ON {' AND '.join(equal)}"
