"""The exceptions that the project logs: the engine shows that a chart or a loader failed, not where."""

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flaskdash.serve.child import problem
else:
    import problem

CHART = re.compile(r"chart (\S+) failed")
LOADER = re.compile(r"loader (\S+) failed")
NAME_IN_SQL = re.compile(r'(?:column|name|function|table)\D*?["\s](\w+)["\s]', re.IGNORECASE)
OF_DATABASES = ("duckdb", "_duckdb", "sqlalchemy")


class Failures:
    """What is logged with an exception, by thread for requests, by name for loaders."""

    def __init__(self) -> None:
        self.by_thread: dict[int, list[tuple[str, BaseException]]] = defaultdict(list)
        self.loaders: dict[str, BaseException] = {}
        # Not a handler: with one, Flask and logging.basicConfig() would not add their own.
        self._make: Callable[..., logging.LogRecord] = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._note)

    def take(self) -> list[tuple[str, BaseException]]:
        """Return the failures that this thread has logged, and forget them."""
        return self.by_thread.pop(get_ident(), [])

    def _note(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        error = record.exc_info[1] if record.exc_info else None
        if error:
            message = record.getMessage()
            if loader := LOADER.match(message):
                self.loaders[loader[1]] = error
            else:
                self.by_thread[get_ident()].append((message, error))
        return record


def describe(message: str, error: BaseException, engine: Any, root: Path) -> problem.Problem:
    """Return the problem that a logged exception is; for SQL, with the columns that exist."""
    chart = CHART.match(message)
    if not chart or not type(error).__module__.startswith(OF_DATABASES):
        return problem.describe(error, root)
    declared = engine.charts[chart[1]]
    file = Path(declared.draw.__code__.co_filename)
    unknown = NAME_IN_SQL.search(str(error))
    source = problem.SourceLine(file, _line_of(unknown[1] if unknown else "", file))
    title = problem.describe(error, root).title
    text = file.read_text("utf-8", "replace")
    loaders = [name for name in engine.data if re.search(rf"\b{re.escape(name)}\b", text)]
    hint = _columns(unknown[1] if unknown else "", loaders, engine)
    return problem.at(title, source, root, hint, str(error))


def _line_of(name: str, file: Path) -> int:
    """Return the line of a chart's SQL that has a name, or the one at which its SQL begins."""
    lines = file.read_text("utf-8", "replace").splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("SQL")), 0)
    word = re.compile(rf"\b{re.escape(name)}\b") if name else None
    rows = (n for n, line in enumerate(lines[start:], start) if word and word.search(line))
    return next(rows, start) + 1


def _columns(unknown: str, loaders: Iterable[str], engine: Any) -> str:
    hints = []
    for name in loaders:
        with suppress(Exception):  # the loader has a problem of its own
            frame = engine.data[name].query(f'SELECT * FROM "{name}" LIMIT 0')
            columns = [str(column) for column in frame.columns]
            near = get_close_matches(unknown, columns, 1, 0.5)
            nearest = f" The nearest to {unknown} is {near[0]}." if near else ""
            hints.append(f"{name} has the columns {', '.join(columns)}.{nearest}")
    return " ".join(hints)
