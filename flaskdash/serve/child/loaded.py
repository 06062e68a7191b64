"""The project's app in this process, and how it follows changes of files."""

import sys
import time
from collections.abc import Collection, Iterable
from pathlib import Path, PurePath
from threading import Event, Thread, get_ident
from traceback import walk_stack
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flaskdash.serve.child import dev_progress, events, failures, modules, problem
else:
    import dev_progress
    import events
    import failures
    import modules
    import problem

LOADERS = ("app", "loaders")
PREPARE_SECONDS = 0.3  # after the start, when the first pages have been sent
STUCK_SECONDS = 3.0  # that a request may run before a change ends it
SLOW = "It may be an endless loop. Save a correction: that ends it."


class LoadedProject:
    """The app of the project at `root`, which changes replace."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.app: Any = None
        self.loaded = Event()
        self.failures = failures.Failures()
        self.events = events.Events(root, self.failures)
        self.running: dict[int, float] = {}
        """Since when the thread of each request runs."""
        self._modules = modules.Modules(root)
        self._progress = dev_progress.Progress()
        self._pending: set[PurePath] = set()  # saved files whose code is not loaded
        self._loader: int = 0  # the thread that loads the app

    @property
    def engine(self) -> Any:
        return self.app.extensions.get("engine") if self.app else None

    def load(self) -> bool:
        """Load the project, and return whether that succeeded."""
        self._loader = get_ident()
        try:
            self._create_app()
        except (Exception, SystemExit) as error:
            self.events.problem = problem.describe(error, self.root)
            modules.forget_all("app")
        self.loaded.set()
        return self.app is not None

    def prepare(self) -> None:
        """Read what the first change needs, while nobody waits."""
        time.sleep(PREPARE_SECONDS)
        self._modules.prepare()

    def change(self, names: Iterable[str]) -> str | None:
        """Apply changes of files; return what was done, or None if the project has to start again."""
        paths = {*map(PurePath, names)}
        self._pending |= paths
        if broken := self._modules.broken(self._pending):
            self.show(problem.describe(broken[0], self.root))
            return ""
        if self.app and all(path.suffix == ".css" for path in self._pending):
            self._pending.clear()
            self._use_new_answers(self.app)
            self.events.notify()
            return "style"
        replaced = self._modules.replaceable(self._pending)
        if any(map(is_loader, paths)) and self._is_reading():
            return None  # it would keep the snapshot locked
        if self.app is None or replaced is None or self._is_stuck():
            return None
        try:
            self._create_app(replaced)
        except (Exception, SystemExit):
            return None  # a start shows whether the code is at fault, or this way of loading it
        saved = {path for path in self._pending if path.suffix == ".py"}
        self._pending.clear()
        self.events.problem = None
        if all(path.parts[0] == "data" for path in paths):
            self.build(paths)
            return "data"
        self.events.bump()
        if any(map(is_loader, saved)):
            self.build(saved)
        names = {modules.module_of(path).rpartition(".")[2] for path in saved}
        return ", ".join(sorted(names)) or "pages"

    def show(self, failure: problem.Problem) -> None:
        """Show a problem above the pages, and in the terminal."""
        if failure != self.events.problem:
            print(failure.summary, file=sys.stderr, flush=True)
        self.events.problem = failure
        self.events.notify()

    def slow_start(self) -> problem.Problem:
        """Return where the project is that takes long to load."""
        source = problem.running(sys._current_frames().get(self._loader), self.root)
        return problem.at("The project is still starting", source, self.root, SLOW)

    def close(self) -> None:
        """End the event streams, and what is drawn on the terminal."""
        self.events.close()
        self._progress.close()

    def _create_app(self, replaced: Iterable[str] = ()) -> None:
        app = self._modules.create_app(replaced)
        app.config["PROPAGATE_EXCEPTIONS"] = True  # dev mode shows them itself
        app.config["CACHE_IN_DEBUG"] = True
        self._use_new_answers(app)
        if engine := app.extensions.get("engine"):
            self._progress.watch(engine.data)
        self.events.instance = Path(app.config.get("INSTANCE", self.events.instance))
        self.app = app

    def _use_new_answers(self, app: Any) -> None:
        """Begin with an empty cache, so that no answer shows what other code or files have made."""
        self.events.read_static()
        if engine := app.extensions.get("engine"):
            engine.cache.code_version = f"{self.events.boot}-{time.monotonic_ns():x}"

    def build(self, saved: Iterable[PurePath]) -> None:
        """Build the snapshots of saved loaders and sources, and have pages show them."""
        names = {path.stem.lower().replace("-", "_") for path in saved if is_loader(path)}
        Thread(target=self._build, args=(names,), daemon=True).start()

    def _build(self, names: Collection[str]) -> None:
        before = self.events.id()
        for name, data in self.engine.data.items() if self.engine else ():
            # A loader that was saved while its code from before ran seems to be read already.
            data.build(force=name in names)
            self.events.notify()
        if before == self.events.id():
            self.events.bump()  # a chart may read the file itself

    def _is_stuck(self) -> bool:
        """Return whether a request has been in the project's own code for long."""
        frames = sys._current_frames()
        since = time.monotonic() - STUCK_SECONDS
        threads = [ident for ident, start in [*self.running.items()] if start < since]
        return any(problem.running(frames.get(ident), self.root) for ident in threads)

    def _is_reading(self) -> bool:
        """Return whether a loader is at work."""
        folder = self.root.joinpath(*LOADERS)
        return any(
            Path(frame.f_code.co_filename).is_relative_to(folder)
            for thread_frame in sys._current_frames().values()
            for frame, _ in walk_stack(thread_frame)
        )


def is_loader(path: PurePath) -> bool:
    """Return whether a file of the project is a loader."""
    return path.parts[:2] == LOADERS
