"""Models: what the modules of the engine pass to each other."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pandas import DataFrame

Kind = Literal["figure", "kpi", "table", "text"]
LONGEST_SEARCH = 200  # characters
STEP = "time-step"  # in the URL, of charts whose GRAIN is "auto"
GRAINS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}  # days


@dataclass(frozen=True)
class Loader:
    """One file of app/loaders/."""

    name: str  # of the table in a chart's SQL
    file: Path
    load: Callable[[], Any]  # returns a DataFrame or a DuckDB relation
    sources: tuple[str, ...] = ()  # the paths or URLs that it reads
    max_age: float = math.inf  # in seconds: an older snapshot is built anew
    variable: str = ""  # the environment variable that it needs
    live: bool = False  # charts ask its database, not a snapshot
    table: Any = None  # of a database: see database.py
    visible: Callable[[Any], Any] | None = None  # user -> the rows that they may see: rights.py


@dataclass(frozen=True)
class Chart:
    """One file of app/charts/."""

    slug: str  # in the URL: revenue-by-region
    file: Path
    title: str
    data: tuple[str, ...]  # the loaders that its SQL selects from
    sql: str
    kind: Kind  # the function that the file defines
    draw: Callable[[DataFrame], Any]  # that function
    note: Callable[[DataFrame], str] | None  # what it shows, in words
    filters: Mapping[str, str]  # column: form, or "" if the column's type decides
    dashboards: tuple[str, ...]  # titles
    roles: tuple[str, ...]  # that may see it; empty: all who may see the dashboard
    grain: str  # "auto" if its SQL has $grain: see grain.py
    order: int
    size: str  # half or full
    prefix: str  # of its table's parameters in the URL: revenue-by-region.page


@dataclass(frozen=True)
class Filter:
    """What one column lets through: one of `values`, from `low` to `high`, what contains `text`.

    Among the values, an empty text stands for missing ones.
    """

    column: str
    values: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    text: str = ""
    is_not: bool = False  # the values are those that it does not let through


@dataclass(frozen=True)
class Offer:
    """A question: what a control can offer of a column in the rows that pass some filters."""

    column: str
    is_range: bool  # its ends, not its values
    filters: tuple[Filter, ...]


@dataclass(frozen=True)
class View:
    """What a reader asks of a table: the rows that contain a text, in an order, one page of them."""

    prefix: str
    find: str = ""
    sort: str = ""
    desc: bool = False
    page: int = 1

    @classmethod
    def from_query(cls, args: Mapping[str, str], prefix: str) -> View:
        """Return the view in a query string: ?orders.find=tea&orders.sort=price&orders.page=2."""
        find = args.get(f"{prefix}find", "").replace("\0", "").strip()[:LONGEST_SEARCH]
        sort = args.get(f"{prefix}sort", "")
        desc = bool(sort and args.get(f"{prefix}desc"))
        page = args.get(f"{prefix}page", "")
        number = int(page) if re.fullmatch("[1-9][0-9]{0,8}", page) else 1
        return cls(prefix, find, sort, desc, number)

    def pairs(self) -> list[tuple[str, str]]:
        """Return the view as parameters of a query string."""
        page = str(self.page) if self.page > 1 else ""
        values = {"find": self.find, "sort": self.sort, "desc": "1" * self.desc, "page": page}
        return [(self.prefix + name, value) for name, value in values.items() if value]

    def within(self, columns: Iterable[str], pages: int) -> View:
        """Return the view without a column that does not exist, or a page after the last."""
        view = self if self.sort in columns else replace(self, sort="", desc=False)
        return replace(view, page=min(self.page, max(1, pages)))


@dataclass(frozen=True)
class State:
    """How a snapshot stands: when it was built, and how the last attempt went."""

    signature: str = ""  # of the source and the loader's code, at the last attempt
    tried: float = 0.0
    built: str = ""  # in ISO 8601; empty before the first snapshot
    file: str = ""  # of the snapshot, in the instance folder
    rows: int = 0
    unread: int = 0  # lines of the source that the loader could not read
    error: str = ""
    code: str = ""  # signature of the loader's code, when the snapshot was built
    version: str = ""  # of what pages show: equal in all instances that have read the same
    attempts: int = 0  # since the last that succeeded, with one that has begun

    @classmethod
    def from_json(cls, text: str) -> State:
        """Return the state that to_json() wrote; an empty one if the text is damaged."""
        with suppress(ValueError, TypeError, RecursionError):
            state = cls(**json.loads(text))
            "".join(map(str, astuple(state))).encode()  # half an emoji raises a ValueError
            if [*map(type, astuple(state))] == [*map(type, astuple(cls()))]:
                return state
        return cls()

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @property
    def age(self) -> float:
        """Return the seconds since the last attempt; endless if the clock was wrong then."""
        age = time.time() - self.tried
        return age if age >= 0 else math.inf


def slugify(title: str) -> str:
    """Return a title as part of a URL: Sales & costs as sales-costs."""
    return "-".join(re.findall(r"\w+", title.lower())) or "dashboard"
