"""The project's app as dev mode serves it: with a script that follows changes, and with problems."""

import importlib
import json
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path, PurePath
from queue import Empty, SimpleQueue
from threading import Condition, Event, Thread, get_ident
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from flaskdash.serve.child import (
        dev_host,
        dev_progress,
        editor,
        edits,
        failures,
        modules,
        problem,
    )
else:
    import dev_host  # __main__.py has put this folder on sys.path
    import dev_progress
    import editor
    import edits
    import failures
    import modules
    import problem

HERE = Path(__file__).parent
RETRY_MS = 150
POLL_SECONDS = 0.25
REPEAT_SECONDS = 2.0
PATIENCE_SECONDS = 5.0  # that a page may take before it is said where it is
STUCK_SECONDS = 3.0  # that a request may run before a change ends it
TRIES = 5
NO_STORE = {"Cache-Control": "no-store"}
TYPES = {".js": "text/javascript", ".css": "text/css"}
ASSETS = {"dev.js", "dev.css", "patch.js", "edit.js", "edit.css"}
REFUSED = """\
flaskdash serve does not answer to the name {!r}. A website could point its own name at this machine
to read the dashboard. Open the dashboard as localhost, or by the name in --host.
"""
Answer = tuple[Response, list[problem.Problem]]  # with the problems of the page
SLOW = "It may be an endless loop. Save a correction: that ends it."


class DevApp:
    """The project's app, which changes replace, and the events that tell browsers of them."""

    def __init__(self, root: Path, host: str, token: str) -> None:
        self.root = root
        self.host = host
        self.base = f"/_dev/{token}"
        self.problem: problem.Problem | None = None
        """What keeps the latest code from being loaded; pages go on with the code before it."""
        self.loaded = Event()
        self._boot = secrets.token_hex(4)
        self._version = 0
        self._closing = False
        self._changed = Condition()
        self._instance = root / "instance"
        self._app: Any = None
        self._modules = modules.Modules(root)
        self._edits = edits.Edits(root)
        self._failures = failures.Failures()
        self._progress = dev_progress.Progress()
        self._pending: set[PurePath] = set()  # saved files whose code is not loaded
        self._running: dict[int, float] = {}  # since when the thread of a request runs
        self._loader: int = 0  # the thread that loads the app
        self._static = self._static_versions()
        self._known: tuple[list[tuple[str, int]], dict[str, list[str]]] = ([], {})

    def load(self) -> bool:
        """Load the project, and return whether that succeeded."""
        self._loader = get_ident()
        try:
            self._create_app()
        except (Exception, SystemExit) as error:
            self.problem = problem.describe(error, self.root)
            modules.forget_all("app")
        self.loaded.set()
        return self._app is not None

    def prepare(self) -> None:
        """Read what the first change needs, while nobody waits."""
        self._modules.replaceable([PurePath("data")])

    def change(self, names: Iterable[str]) -> str | None:
        """Apply changes of files; return what was done, or None if the project has to start again."""
        paths = {*map(PurePath, names)}
        self._pending |= paths
        if broken := self._modules.broken(self._pending):
            self.show(problem.describe(broken[0], self.root))
            return ""
        if self._app and all(path.suffix == ".css" for path in self._pending):
            self._pending.clear()
            self._use_new_answers(self._app)
            self._notify()
            return "style"
        replaced = self._modules.replaceable(self._pending)
        if self._app is None or replaced is None or self._is_stuck():
            return None
        try:
            self._create_app(replaced)
        except (Exception, SystemExit):
            return None  # a start shows whether the code is at fault, or this way of loading it
        self._pending.clear()
        self.problem = None
        if all(path.parts[0] == "data" for path in paths):
            Thread(target=self._build, daemon=True).start()
            return "data"
        self.bump()
        if any(name.startswith("app.loaders.") for name in replaced):
            Thread(target=self._build, daemon=True).start()
        return ", ".join(sorted(name.rpartition(".")[2] for name in replaced)) or "pages"

    def show(self, failure: problem.Problem) -> None:
        """Show a problem above the pages, and in the terminal."""
        if failure != self.problem:
            print(failure.summary, file=sys.stderr, flush=True)
        self.problem = failure
        self._notify()

    def bump(self) -> None:
        """Have the browsers fetch their pages again."""
        self._version += 1
        self._notify()

    def slow_start(self) -> problem.Problem:
        """Return where the project is that takes long to load."""
        source = problem.running(sys._current_frames().get(self._loader), self.root)
        return problem.at("The project is still starting", source, self.root, SLOW)

    def close(self) -> None:
        """End the event streams, so that browsers connect to the next process."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._progress.close()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        return self._answer(environ)(environ, start_response)

    def _create_app(self, replaced: Iterable[str] = ()) -> None:
        app = self._modules.create_app(replaced)
        app.config["PROPAGATE_EXCEPTIONS"] = True  # dev mode shows them itself
        app.config["CACHE_IN_DEBUG"] = True
        self._use_new_answers(app)
        if engine := app.extensions.get("engine"):
            self._progress.watch(engine.data)
        self._instance = Path(app.config.get("INSTANCE", self._instance))
        self._app = app

    def _use_new_answers(self, app: Any) -> None:
        """Begin with an empty cache, so that no answer shows what other code or files have made."""
        self._static = self._static_versions()
        if engine := app.extensions.get("engine"):
            engine.cache.code_version = f"{self._boot}-{time.monotonic_ns():x}"

    @property
    def _engine(self) -> Any:
        return self._app.extensions.get("engine") if self._app else None

    def _build(self) -> None:
        """Build the snapshots of changed sources, and have pages show them."""
        before = self._id()
        for data in self._engine.data.values() if self._engine else ():
            data.build()
            self._notify()
        if before == self._id():
            self.bump()  # a chart may read the file itself

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _is_stuck(self) -> bool:
        """Return whether a request has been in the project's own code for long."""
        frames = sys._current_frames()
        since = time.monotonic() - STUCK_SECONDS
        threads = [ident for ident, start in [*self._running.items()] if start < since]
        return any(problem.running(frames.get(ident), self.root) for ident in threads)

    def _answer(self, environ: "WSGIEnvironment") -> Response:
        host = environ.get("HTTP_HOST", "")
        if not dev_host.is_trusted(host, self.host):
            return Response(REFUSED.format(host), 403, mimetype="text/plain")
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_dev/"):
            base, _, name = path.rpartition("/")
            if not secrets.compare_digest(base.encode(), self.base.encode()):
                return Response("This is not an address of this session.\n", 403)
            return self._dev(name, environ)
        # The script is inserted into a full, uncompressed page.
        for header in ("ACCEPT_ENCODING", "IF_NONE_MATCH", "IF_MODIFIED_SINCE"):
            environ.pop(f"HTTP_{header}", None)
        return self._page(environ)

    def _dev(self, name: str, environ: "WSGIEnvironment") -> Response:
        if name in ASSETS:
            content = (HERE / name).read_bytes()
            return Response(content, mimetype=TYPES[Path(name).suffix], headers=NO_STORE)
        if name == "events":
            return Response(self._events(), mimetype="text/event-stream", headers=NO_STORE)
        if name in edits.ACTIONS:
            return self._edits.answer(name, environ, self._engine)
        if name == "edit" and environ["REQUEST_METHOD"] == "POST" and edits.is_same_origin(environ):
            query = parse_qs(environ.get("QUERY_STRING", ""))
            file = (self.root / query["file"][0]).resolve()
            if file.is_file() and file.is_relative_to(self.root):
                editor.open_at(file, int(query["line"][0]))
            return Response(status=204)
        return Response("up\n" if name == "up" else "", 200 if name == "up" else 404)

    def _page(self, environ: "WSGIEnvironment") -> Response:
        is_get = environ["REQUEST_METHOD"] == "GET"
        for _ in range(TRIES):
            state = self._state()
            response, problems = self._run(dict(environ))
            is_page = response.mimetype == "text/html" and environ["REQUEST_METHOD"] != "HEAD"
            if not is_page:
                return response
            if not is_get or state["id"] == self._id():
                break  # otherwise the code or a snapshot was replaced meanwhile
        self._inject(response, state, problems, environ.get("HTTP_SEC_FETCH_DEST", "document"))
        return response

    def _run(self, environ: "WSGIEnvironment") -> Answer:
        """Return the project's answer, or for a page that takes long, where it is."""
        answers: SimpleQueue[Answer] = SimpleQueue()
        late = Event()

        def produce() -> None:
            self._running[get_ident()] = time.monotonic()
            try:
                answers.put(self._produce(environ))
            finally:
                del self._running[get_ident()]
            if late.is_set():
                self.bump()

        worker = Thread(target=produce, daemon=True)
        worker.start()
        is_page = "HTTP_X_FLASKDASH_DEV" in environ or (
            environ.get("HTTP_SEC_FETCH_DEST", "document") == "document"
        )
        if environ["REQUEST_METHOD"] == "GET" and is_page:
            try:
                return answers.get(timeout=PATIENCE_SECONDS)
            except Empty:
                if not self.loaded.is_set():
                    return self._broken(self.slow_start(), 503)
                frame = sys._current_frames().get(worker.ident or 0)
                source = problem.running(frame, self.root)
                if source:
                    late.set()
                    title = f"This page is still running after {PATIENCE_SECONDS:.0f} s"
                    failure = problem.at(title, source, self.root, SLOW)
                    print(failure.summary, file=sys.stderr, flush=True)
                    return self._broken(failure, 503)
        return answers.get()

    def _produce(self, environ: "WSGIEnvironment") -> Answer:
        self._failures.take()
        self.loaded.wait()
        if self._app is None:
            assert self.problem
            return self._broken(self.problem)
        engine = self._engine
        try:
            response = Response.from_app(self._app, environ)
            if response.mimetype == "text/html":
                response.get_data()
        except (Exception, SystemExit) as error:
            print(problem.text(error, self.root), file=sys.stderr)
            return self._broken(problem.describe(error, self.root))
        return response, [
            failures.describe(message, error, engine, self.root)
            for message, error in self._failures.take()
        ]

    def _inject(
        self,
        response: Response,
        state: dict[str, Any],
        problems: list[problem.Problem],
        destination: str,
    ) -> None:
        body = response.get_data()
        end = body.lower().rfind(b"</body>")
        if response.headers.get("Content-Encoding") or (end < 0 and destination != "document"):
            return  # a script requested a part of a page
        # Before the page's own scripts, which change what the server has sent.
        start = body.lower().find(b"</title>")
        start = start + len(b"</title>") if start >= 0 else len(body) if end < 0 else end
        # The page holds its own state, so a change before the first event is not missed.
        state |= {"problems": json.dumps([each.as_dict() for each in problems])}
        state |= {"editor": "1"} if editor.command() else {}
        del state["problem"]
        data = " ".join(f'data-{name}="{escape(value)}"' for name, value in state.items())
        tags = f'<script src="{self.base}/patch.js" defer></script>'
        tags += f'<script src="{self.base}/dev.js" {data} defer></script>'
        response.set_data(body[:start] + tags.encode() + body[start:])
        for header in ("ETag", "Last-Modified"):
            response.headers.pop(header, None)
        response.headers.update(NO_STORE)

    def _broken(self, failure: problem.Problem, status: int = 500) -> Answer:
        page = problem.render(failure, self.base)
        return Response(page, status, mimetype="text/html"), [failure]

    def _events(self) -> Iterator[bytes]:
        yield f"retry: {RETRY_MS}\n\n".encode()
        sent_state, sent_at = "", 0.0
        while not self._closing:
            state = json.dumps(self._state())
            # Repeat the state for tabs that connect late, and to detect closed browsers.
            if state != sent_state or time.monotonic() - sent_at > REPEAT_SECONDS:
                yield f"data: {state}\n\n".encode()
                sent_state, sent_at = state, time.monotonic()
            with self._changed:
                if not self._closing and state == json.dumps(self._state()):
                    self._changed.wait(POLL_SECONDS)
        # Pages need not wait until they have connected again.
        yield f"data: {json.dumps(self._state() | {'id': ''})}\n\n".encode()

    def _state(self) -> dict[str, Any]:
        css, js = self._static
        failure = self.problem or self._loader_problem()
        return {
            "id": self._id(),
            "css": css,
            "js": js,
            "problem": failure.as_dict() if failure else None,
        }

    def _loader_problem(self) -> problem.Problem | None:
        """Return the problem of a loader whose last attempt failed."""
        for name, error in [*self._failures.loaders.items()]:
            if self._snapshots().get(name, [""])[-1]:
                return problem.describe(error, self.root)
        return None

    def _id(self) -> str:
        digest = "-".join(part for parts in self._snapshots().values() for part in parts)
        return f"{self._boot}-{self._version}-{digest}"

    def _snapshots(self) -> dict[str, list[str]]:
        """Return the file and the error of each snapshot, by the name of its loader."""
        try:
            with os.scandir(self._instance) as entries:
                files = [entry for entry in entries if entry.name.endswith(".json")]
                times = [(entry.path, entry.stat().st_mtime_ns) for entry in files]
        except OSError:  # before the first snapshot
            return {}
        if times != self._known[0]:
            states = {Path(path).stem: _state_of(Path(path)) for path, _ in sorted(times)}
            self._known = times, states
        return self._known[1]

    def _static_versions(self) -> tuple[str, str]:
        """Return when each style sheet and each script was last saved, as JSON, by its name."""
        times: dict[str, dict[str, str]] = {".css": {}, ".js": {}}
        for folder in (self.root / "app").rglob("static"):
            for path in folder.rglob("*"):
                if path.suffix in times and path.is_file():
                    times[path.suffix][path.name] = str(path.stat().st_mtime_ns)
        return json.dumps(times[".css"]), json.dumps(times[".js"])


def _state_of(path: Path) -> list[str]:
    try:
        state = json.loads(path.read_bytes())
        return [str(state.get("file", "")), str(state.get("error", ""))]
    except (OSError, ValueError, AttributeError):  # it is being replaced, or not a state
        return [""]


def share_templates() -> None:
    """Have all apps of this project's processes compile each template once."""
    try:
        from jinja2 import FileSystemBytecodeCache

        flask = importlib.import_module("flask")
        flask.Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache()}
    except (ImportError, RuntimeError):  # RuntimeError: no folder for it is safe
        pass
