"""Watch a project for saved files."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePath
from queue import Queue
from types import TracebackType

from flaskdash.errors import FlaskdashError

TREES = ("app", "data")
FILES = (".env", "pyproject.toml", "uv.lock")
# Editors write these beside the file that they save; names with a leading dot are skipped too.
TEMPORARY = re.compile(
    r"~$|^~\$|^#.*#$|___jb_"  # Emacs, Word and Excel, PyCharm
    r"|^(4913|5036|5159)$|\.sw[a-z]$"  # Vim
    r"|\.tmp([.-]|$)|\.(bak|orig|part|crdownload)$|^sed\w{6}$|\.py[cod]$"
)
# A batch ends after a step without a change. So a save is seen at once, and a checkout of many files
# comes in some batches, which dev.py puts together.
DEBOUNCE_MS = 100
STEP_MS = 6
ROOT_STEP_MS = 50  # few files are there, and each step costs a little of the processor
MANY = 10  # files in one batch, after which others will follow
POLLED = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "vboxsf", "fuse.grpcfuse", "drvfs"}
MOUNT_POINTS = Path("/proc/self/mounts")


def relevant(path: PurePath) -> bool:
    """Return whether the dashboard depends on a file; `path` is relative to the project."""
    if path.as_posix() in FILES:
        return True
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return path.parts[:1] in [(tree,) for tree in TREES] and not (
        hidden or TEMPORARY.search(path.name)
    )


def _is_transient(event: str, path: Path) -> bool:
    """Return whether an event changes no file: a temporary file, or a folder's own time."""
    # Windows reports a folder as modified when Python writes a __pycache__ into it.
    return (event == "added" and not path.exists()) or (event == "modified" and path.is_dir())


def file_system(folder: Path, mounts: Path = MOUNT_POINTS) -> str:
    """Return the type of the disk that a folder is on, or "" if the system does not say it."""
    points: dict[Path, str] = {}
    with suppress(OSError):
        for line in mounts.read_text("utf-8", "replace").splitlines():
            _, point, kind, *_ = line.split(" ")
            points[Path(point)] = kind
    return next((points[each] for each in (folder, *folder.parents) if each in points), "")


class Watch:
    """Puts batches of changed files, relative to the project, or a final error into a queue."""

    def __init__(self, root: Path, echo: Callable[[str], None]) -> None:
        self.root = root.resolve()
        self.queue: Queue[frozenset[PurePath] | Exception] = Queue()
        disk = file_system(self.root)
        # None leaves the decision to watchfiles, which obeys WATCHFILES_FORCE_POLLING.
        self._polls = True if disk in POLLED else None
        if self._polls:
            echo(f"{self.root} is on a disk of type {disk}, so it is looked at for changes.")
        elif os.environ.get("WATCHFILES_FORCE_POLLING"):
            echo("WATCHFILES_FORCE_POLLING is set, so files are looked at for changes.")
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

    def get(self, timeout: float) -> frozenset[PurePath]:
        """Return the next batch; raise queue.Empty if there is none in time."""
        batch = self.queue.get(block=timeout > 0, timeout=timeout or None)
        if isinstance(batch, Exception):
            raise FlaskdashError(f"Cannot watch {self.root}: {batch}") from batch
        return batch

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
            step=STEP_MS if recursive else ROOT_STEP_MS,
            rust_timeout=1_000,
            stop_event=stop,
            force_polling=self._polls,
            recursive=recursive,
        ):
            changed = {
                PurePath(path).relative_to(self.root)
                for event, path in batch
                if not _is_transient(event.raw_str(), Path(path))
            }
            if not recursive and any(path.as_posix() in TREES for path in changed):
                self._trees_changed.set()  # created, removed or replaced: watch again
            saved = frozenset(
                file for path in filter(relevant, changed) for file in self._files(path)
            )
            if saved:
                self.queue.put(saved)

    def _files(self, path: PurePath) -> Iterator[PurePath]:
        """Yield a file, or those in a new folder, which were saved before it could be watched."""
        if not (self.root / path).is_dir():
            yield path
        for folder, _, names in os.walk(self.root / path):
            for name in names:
                if relevant(file := PurePath(folder, name).relative_to(self.root)):
                    yield file

    def _guard(self, watch_loop: Callable[[], None]) -> None:
        try:
            watch_loop()
        except Exception as error:
            self.queue.put(error)
