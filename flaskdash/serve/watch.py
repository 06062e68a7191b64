"""Watch a project for saved files, and classify what each save requires."""

import re
import threading
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path, PurePath
from queue import Queue
from types import TracebackType

TREES = ("app", "data")
FILES = (".env", "pyproject.toml")
# Editors write these beside the file that they save; names with a leading dot are skipped too.
TEMPORARY = re.compile(
    r"~$|^~\$|^#.*#$|___jb_"  # Emacs, Word and Excel, PyCharm
    r"|^(4913|5036|5159)$|\.sw[a-z]$"  # Vim
    r"|\.tmp([.-]|$)|\.(bak|orig|part|crdownload)$|^sed\w{6}$|\.py[cod]$"
)
DEBOUNCE_MS = 200
STEP_MS = 20


class Change(Enum):
    """What a saved file requires, from the quickest to the slowest."""

    STYLE = "style"  # the browser swaps the style sheet
    PAGE = "page"  # the browser reloads the page
    CODE = "code"  # the project's process restarts


def classify(paths: Iterable[PurePath]) -> Change:
    """Return the change that covers all of `paths`, which are relative to the project."""
    kinds = {_kind(path) for path in paths}
    if Change.CODE in kinds:
        return Change.CODE
    return Change.STYLE if kinds == {Change.STYLE} else Change.PAGE


def relevant(path: PurePath) -> bool:
    """Return whether the dashboard depends on a file; `path` is relative to the project."""
    if path.as_posix() in FILES:
        return True
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return path.parts[:1] in [(tree,) for tree in TREES] and not (
        hidden or TEMPORARY.search(path.name)
    )


def _kind(path: PurePath) -> Change:
    if path.parts[0] == "data":
        return Change.PAGE
    if path.suffix == ".css":
        return Change.STYLE
    return Change.PAGE if {"static", "templates"} & set(path.parts[:-1]) else Change.CODE


def _is_transient(event: str, path: Path) -> bool:
    """Return whether an event changes no file: a temporary file, or a folder's own time."""
    # Windows reports a folder as modified when Python writes a __pycache__ into it.
    return (event == "added" and not path.exists()) or (event == "modified" and path.is_dir())


class Watch:
    """Puts batches of changed files, relative to the project, or a final error into a queue."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.queue: Queue[frozenset[PurePath] | Exception] = Queue()
        self._trees_changed = threading.Event()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._guard, args=(watch_loop,), daemon=True)
            for watch_loop in (self._watch_trees, self._watch_root)
        ]

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._trees_changed.set()
        for thread in self._threads:
            thread.join()

    def _watch_trees(self) -> None:
        while not self._stop.is_set():
            self._trees_changed.clear()
            trees = [self.root / tree for tree in TREES if (self.root / tree).is_dir()]
            if self._stop.is_set():
                return
            self._watch(*trees, recursive=True, stop=self._trees_changed)

    def _watch_root(self) -> None:
        # This is not recursive because .venv alone has thousands of folders. It watches the folder
        # instead of the files, because an editor that saves by renaming replaces a watched file.
        self._watch(self.root, recursive=False, stop=self._stop)

    def _watch(self, *paths: Path, recursive: bool, stop: threading.Event) -> None:
        from watchfiles import watch

        for batch in watch(
            *paths,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            rust_timeout=1_000,
            stop_event=stop,
            recursive=recursive,
        ):
            changed = {
                PurePath(path).relative_to(self.root)
                for event, path in batch
                if not _is_transient(event.raw_str(), Path(path))
            }
            if not recursive and any(path.as_posix() in TREES for path in changed):
                self._trees_changed.set()  # created, removed or replaced: watch again
            saved = frozenset(filter(relevant, changed))
            if saved:
                self.queue.put(saved)

    def _guard(self, watch_loop: Callable[[], None]) -> None:
        try:
            watch_loop()
        except Exception as error:
            self.queue.put(error)
