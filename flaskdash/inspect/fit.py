"""How two tables fit together: which columns could join them, and what a join does to their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flaskdash.inspect.dialects import DUCKDB
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import words

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 3
LEAST_SHARE = 0.5  # of the values of one side that the other has, for columns of different names
FEWEST_VALUES = 3  # of two columns of different names: yes and no are in every table
FAMILIES = {"integer": "number", "date": "time", "datetime": "time"}
KEY_ROLES = {"time", "category", "geography", "identifier", "constant"}
# A column of such a name numbers the rows of its own table.
OWN_NUMBERS = {"id", "no", "nr", "num", "number", "index", "row", "key"}
Keys = Sequence[tuple[str, str]]  # a column of the left table, and one of the right


@dataclass(frozen=True)
class Table:
    """A table with its name; `frame` is a sample if `rows` is larger.

    `file` has all rows, as Parquet: a sample cannot show whether two rows have the same keys.
    """

    name: str
    frame: pd.DataFrame
    columns: Mapping[str, Column]
    rows: int
    file: Path | None = None

    @property
    def is_sample(self) -> bool:
        return self.rows > len(self.frame)


@dataclass(frozen=True)
class Coverage:
    """How many different values of a left column the right one has, and the other way round.

    `left_only` and `right_only` are examples of values that the other column does not have.
    """

    left: str
    right: str
    left_values: int
    right_values: int
    common: int
    left_only: tuple[str, ...]
    right_only: tuple[str, ...]

    @property
    def pair(self) -> tuple[str, str]:
        return self.left, self.right

    @property
    def name(self) -> str:
        """Return the pair as --join takes it: country, or country=Country Name."""
        return self.left if self.left == self.right else f"{self.left}={self.right}"

    @property
    def share(self) -> float:
        """Return the share of values that the other side has, of the side with fewer."""
        return self.common / max(1, min(self.left_values, self.right_values))


@dataclass(frozen=True)
class Fit:
    """What a join by some keys does: the rows that find a partner, and the most for one value.

    `left_most` and `right_most` are 1 if no two rows of that side have the same keys.
    """

    left_rows: int
    right_rows: int
    left_matched: int
    right_matched: int
    left_most: int
    right_most: int

    @property
    def multiplies(self) -> bool:
        """Tell whether rows of both sides are repeated."""
        return self.left_most > 1 and self.right_most > 1


def family(column: Column) -> str:
    """Return what a column can be compared with: text, number, time or boolean."""
    return FAMILIES.get(column.type, column.type)


def coverage(left: Table, right: Table, pair: tuple[str, str]) -> Coverage:
    """Compare the values of two columns of one family."""
    left_values, right_values = (
        dict.fromkeys(_values(table, name).dropna())
        for table, name in zip((left, right), pair, strict=True)
    )
    return Coverage(
        *pair,
        len(left_values),
        len(right_values),
        len(left_values.keys() & right_values.keys()),
        _examples(value for value in left_values if value not in right_values),
        _examples(value for value in right_values if value not in left_values),
    )


def _examples(values: Iterable[object]) -> tuple[str, ...]:
    texts = (f"{value:.15g}" if isinstance(value, float) else str(value) for value in values)
    return tuple(text for text, _ in zip(texts, range(EXAMPLES), strict=False))


def _values(table: Table, name: str) -> pd.Series[Any]:
    """Return the values of a column in the form in which SQL compares them."""
    import pandas as pd

    values = table.frame[name]
    kind = family(table.columns[name])
    if kind == "number":
        return values.astype(float)
    if kind == "time":
        return pd.to_datetime(values).astype("datetime64[us]")
    return values.astype(str).where(values.notna(), None)


def candidates(left: Table, right: Table) -> list[Coverage]:
    """Return the pairs of columns that could join two tables, the best first.

    Their names are equal or alike and they share values, or they are text and share most values.
    """
    pairs = [
        (_likeness(first.name, second.name), coverage(left, right, (first.name, second.name)))
        for first in left.columns.values()
        for second in right.columns.values()
        if _may_join(first, second)
    ]
    pairs = [(likeness, pair) for likeness, pair in pairs if _shares_values(likeness, pair, left)]
    pairs.sort(key=lambda item: (-item[0], -round(item[1].share, 2)))
    return [pair for _, pair in pairs]


def _may_join(first: Column, second: Column) -> bool:
    is_constant = first.role == second.role == "constant"  # it tells no rows apart
    numbers_rows = {*words(first.name)} <= OWN_NUMBERS and {*words(second.name)} <= OWN_NUMBERS
    return (
        family(first) == family(second) != "boolean"
        and {first.role, second.role} <= KEY_ROLES
        and not is_constant
        and not (numbers_rows and family(first) == "number")
    )


def _likeness(first: str, second: str) -> int:
    """Return 2 if two names are equal but for case and marks, 1 if one has all words of the other."""
    a, b = words(first), words(second)
    if first == second or a == b:
        return 2
    return 1 if a and b and ({*a} <= {*b} or {*b} <= {*a}) else 0


def _shares_values(likeness: int, pair: Coverage, left: Table) -> bool:
    if likeness == 2:
        return pair.common > 0
    is_text = family(left.columns[pair.left]) == "text"
    has_enough = min(pair.left_values, pair.right_values) >= FEWEST_VALUES
    return (bool(likeness) or is_text) and has_enough and pair.share >= LEAST_SHARE


def suggest(left: Table, right: Table, pairs: Sequence[Coverage]) -> list[Coverage]:
    """Return the one sensible set of keys among the candidates; nothing if there is no such set.

    All columns that both tables have belong to it, except for those that others determine: with
    country and year, a code or a region of the country adds nothing. It is no set if a column has
    two possible partners, or if rows of both tables would be repeated.
    """
    likenesses = {pair: _likeness(*pair.pair) for pair in pairs}
    keys = [
        pair
        for pair in pairs
        if not any(
            likenesses[rival] > likenesses[pair]
            for rival in pairs
            if rival.left == pair.left or rival.right == pair.right
        )
    ]
    keys.sort(key=lambda pair: -round(pair.share, 2))  # a code may match where names do not
    for pair in reversed(keys.copy()):
        if any(_determines(left, right, key, pair) for key in keys if key is not pair):
            keys.remove(pair)
    columns = [name for pair in keys for name in (("left", pair.left), ("right", pair.right))]
    if not keys or len({*columns}) < len(columns):
        return []
    order = list(left.columns)
    keys.sort(key=lambda pair: order.index(pair.left))
    return [] if fit(left, right, [pair.pair for pair in keys]).multiplies else keys


def _determines(left: Table, right: Table, key: Coverage, dependent: Coverage) -> bool:
    """Tell whether each value of a key has one value of another, in both tables."""
    sides = ((left, key.left, dependent.left), (right, key.right, dependent.right))
    return all(
        name != column and int(table.frame.groupby(name)[column].nunique().max()) <= 1
        for table, name, column in sides
    )


def fit(left: Table, right: Table, keys: Keys) -> Fit:
    """Return what a join by these keys does to the rows of two tables."""
    left_names, right_names = zip(*keys, strict=True)
    left_groups, right_groups = _groups(left, left_names), _groups(right, right_names)
    return Fit(
        len(left.frame),
        len(right.frame),
        int(left_groups[left_groups.index.isin(right_groups.index)].sum()),
        int(right_groups[right_groups.index.isin(left_groups.index)].sum()),
        _most(left, left_names, left_groups),
        _most(right, right_names, right_groups),
    )


def _most(table: Table, names: Sequence[str], groups: pd.Series[int]) -> int:
    """Return the most rows with the same keys: of all rows if the table has a file of them."""
    if not table.is_sample or table.file is None:
        return int(groups.max()) if len(groups) else 0
    import duckdb

    keys = [DUCKDB.quote(name) for name in names]
    groups_of_all = (
        f"SELECT count(*) AS number FROM read_parquet($file)"
        f" WHERE {' AND '.join(f'{key} IS NOT NULL' for key in keys)} GROUP BY {', '.join(keys)}"
    )
    with duckdb.connect(config={"memory_limit": "700MB"}) as connection:
        query = f"SELECT coalesce(max(number), 0) FROM ({groups_of_all})"
        return int(connection.execute(query, {"file": str(table.file)}).fetchall()[0][0])


def _groups(table: Table, names: Sequence[str]) -> pd.Series[int]:
    """Return how many rows have each combination of keys."""
    import pandas as pd

    keys = {str(number): _values(table, name) for number, name in enumerate(names)}
    return pd.DataFrame(keys).dropna().value_counts()


def more_keys(left: Table, right: Table, keys: Keys, pairs: Sequence[Coverage]) -> list[Coverage]:
    """Return the fewest candidates that, beside these keys, let no join repeat rows of both sides."""
    used = {name for pair in keys for name in pair}
    free = [pair for pair in pairs if not used & {*pair.pair}]
    for count in (1, 2):
        for more in combinations(free, count):
            if not fit(left, right, [*keys, *(pair.pair for pair in more)]).multiplies:
                return list(more)
    return []


def sentences(left: Table, right: Table) -> list[str]:
    """Return in words how two tables fit together."""
    pairs = candidates(left, right)
    if not pairs:
        return ["No columns of the two have values in common by which they could be joined."]
    keys = suggest(left, right, pairs)
    lines = []
    for pair in pairs:
        lines.append(covered(left, right, pair))
        for name, count, examples in (
            (left.name, pair.left_values, pair.left_only),
            (right.name, pair.right_values, pair.right_only),
        ):
            if examples:
                more = count - pair.common - len(examples)
                ending = f" and {more:,} more" if more else ""
                lines.append(f"  only in {name}: {', '.join(map(repr, examples))}{ending}")
    if keys:
        each = fit(left, right, [pair.pair for pair in keys])
        lines.append(joined(left.name, right.name, [pair.name for pair in keys], each))
    else:
        lines += _not_joined(left, right, pairs)
    return lines + samples(left, right)


def samples(left: Table, right: Table) -> list[str]:
    """Return a sentence for each of two tables whose numbers are those of a sample."""
    return [
        f"These are numbers of a sample: {table.name} has {table.rows:,} rows."
        for table in (left, right)
        if table.is_sample
    ]


def covered(left: Table, right: Table, pair: Coverage) -> str:
    """Return in words how many values of a key each table has of the other."""
    return (
        f"{pair.name}: {pair.common:,} of {pair.left_values:,} values of {left.name} are in"
        f" {right.name}, {pair.common:,} of {pair.right_values:,} the other way"
    )


def joined(left: str, right: str, keys: Iterable[str], each: Fit) -> str:
    """Return in words what a join by keys that do not multiply rows does."""
    names = by(keys)
    matches = (
        f"{each.left_matched:,} of {each.left_rows:,} rows of {left} and"
        f" {each.right_matched:,} of {each.right_rows:,} of {right} match"
    )
    for table, partner, most in (
        (left, right, each.left_most),
        (right, left, each.right_most),
    ):
        if most > 1:
            return (
                f"Joined by {names}, {matches}; {table} has up to {most:,} rows for one of {partner},"
                f" so values of {partner} are repeated."
            )
    return f"Joined by {names}, {matches}; both have one row for each."


def by(names: Iterable[str]) -> str:
    """Return keys in words: country and year."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _not_joined(left: Table, right: Table, pairs: Sequence[Coverage]) -> list[str]:
    best = pairs[0]
    each = fit(left, right, [best.pair])
    if each.multiplies:
        return [multiplied(left.name, right.name, [best.name], each)]
    return ["Several columns could be the key: choose with --join."]


def multiplied(left: str, right: str, keys: Iterable[str], each: Fit) -> str:
    """Return in words how a join multiplies rows."""
    return (
        f"A join by {by(keys)} multiplies rows: one value has up to {each.left_most:,} rows in"
        f" {left} and {each.right_most:,} in {right}, which is up to"
        f" {each.left_most * each.right_most:,} together."
    )
