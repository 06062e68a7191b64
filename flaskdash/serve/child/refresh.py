"""Rebuild one snapshot of the project in the current folder: python refresh.py LOADER RESULT.json."""

import json
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flaskdash.serve.child import problem
else:
    import problem  # Python puts the folder of the file that it runs on sys.path


class Failures(logging.Handler):
    """Keeps the last exception that the project logs; the snapshot's state has only its name."""

    def __init__(self) -> None:
        super().__init__()
        self.last: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            self.last = record.exc_info[1]


def refresh(loader: str) -> dict[str, object]:
    """Rebuild a snapshot; return its `rows` and `seconds`, or the `error` with file and line."""
    failures = Failures()
    logging.getLogger().addHandler(failures)
    try:
        from app import create_app  # type: ignore[import-not-found]

        data = create_app().extensions["engine"].data[loader]
        start = time.monotonic()
        state = data.build(force=True)
    except (Exception, SystemExit) as error:
        return {"error": describe(error)}
    if state.error:
        return {"error": describe(failures.last) if failures.last else state.error}
    return {"rows": state.rows, "seconds": time.monotonic() - start}


def describe(error: BaseException) -> str:
    """Describe an exception in one line: its type, its message, and the project's file and line."""
    description = type(error).__name__
    message = " ".join(str(error).split())
    if message:
        description += f": {message}"
    source = problem.locate(error, Path.cwd())
    if source:
        file = source.file.relative_to(Path.cwd()).as_posix()
        description += f" ({file}, line {source.line})"
    return description


if __name__ == "__main__":
    sys.path[0] = str(Path.cwd())
    Path(sys.argv[2]).write_text(json.dumps(refresh(sys.argv[1])), "utf-8")
