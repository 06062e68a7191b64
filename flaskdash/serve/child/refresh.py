"""Rebuild one snapshot of the project in the current folder: python refresh.py LOADER RESULT.json."""

import json
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flaskdash.serve.child import dev_page
else:
    import dev_page  # Python puts the folder of the file that it runs on sys.path


class Failures(logging.Handler):
    """The exceptions that the project logs: the snapshot's own state holds the last one's name."""

    def __init__(self) -> None:
        super().__init__()
        self.last: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception of a record."""
        if record.exc_info and record.exc_info[1]:
            self.last = record.exc_info[1]


def refresh(loader: str) -> dict[str, object]:
    """Return the rows and the seconds of a rebuild, or what failed and where."""
    failures = Failures()
    logging.getLogger().addHandler(failures)
    try:
        from app import create_app  # type: ignore[import-not-found]

        data = create_app().extensions["engine"].data[loader]
        begun = time.monotonic()
        state = data.build(force=True)
    except (Exception, SystemExit) as error:
        return {"error": told(error)}
    if state.error:
        return {"error": told(failures.last) if failures.last else state.error}
    return {"rows": state.rows, "seconds": time.monotonic() - begun}


def told(error: BaseException) -> str:
    """Return an exception in a line: its type and message, and the project's file and line."""
    said = " ".join(str(error).split())
    place = dev_page.locate(error, Path.cwd())
    where = (
        f" ({place.file.relative_to(Path.cwd()).as_posix()}, line {place.line})" if place else ""
    )
    return f"{type(error).__name__}{': ' if said else ''}{said}{where}"


if __name__ == "__main__":
    sys.path[0] = str(Path.cwd())
    Path(sys.argv[2]).write_text(json.dumps(refresh(sys.argv[1])), "utf-8")
