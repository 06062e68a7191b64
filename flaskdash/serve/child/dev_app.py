"""The project's app as dev mode serves it: with a script that follows changes, and with problems."""

import json
import re
import secrets
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from html import escape
from io import BytesIO
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread, get_ident
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from flaskdash.serve.child import (
        chart_form,
        dev_host,
        editor,
        edits,
        failures,
        loaded,
        problem,
    )
else:
    import chart_form  # __main__.py has put this folder on sys.path
    import dev_host
    import editor
    import edits
    import failures
    import loaded
    import problem

HERE = Path(__file__).parent
PATIENCE_SECONDS = 5.0  # that a page may take before it is said where it is
TRIES = 5
CHARTS = re.compile(r"/(dashboards/.*|charts/[^/]+)?")  # pages that no request changes
NO_STORE = {"Cache-Control": "no-store"}
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
ASSETS = {
    *("dev.js", "dev.css", "patch.js", "edit.js", "edit.css", "drag.js"),
    *("add.js", "add.css", "preview.js"),
}
REFUSED = """\
flaskdash serve does not answer to the name {!r}. A website could point its own name at this machine
to read the dashboard. Open the dashboard as localhost, or by the name in --host.
"""
Answer = tuple[Response, list[problem.Problem]]  # with the problems of the page


class DevApp:
    """Answers the requests of browsers: with the project's pages, or for dev mode itself."""

    def __init__(
        self, project: loaded.LoadedProject, host: str, token: str, drafter: Sequence[str]
    ) -> None:
        self.project = project
        self.root = project.root
        self.host = host
        self.token = token
        self.base = f"/_dev/{token}"
        self.last_page: dict[str, str] = {}
        """The request of the page of charts that was shown last."""
        self._edits = edits.Edits(project.root)
        self._form = chart_form.ChartForm(project, self._edits, drafter)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        return self._answer(environ)(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment") -> Response:
        host = environ.get("HTTP_HOST", "")
        if not dev_host.is_trusted(host, self.host):
            return Response(REFUSED.format(host), 403, mimetype="text/plain")
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_dev/"):
            token, _, name = path.removeprefix("/_dev/").partition("/")
            if not secrets.compare_digest(token.encode(), self.token.encode()):
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
            return Response(
                self.project.events.stream(), mimetype="text/event-stream", headers=NO_STORE
            )
        if name in chart_form.ACTIONS:
            return self._form.answer(name, environ)
        if name.startswith("static/"):
            drafted = self._form.static_file(name.removeprefix("static/"))
            if drafted and drafted.suffix in TYPES:
                content, mimetype = drafted.read_bytes(), TYPES[drafted.suffix]
                return Response(content, mimetype=mimetype, headers=NO_STORE)
        if name in edits.ACTIONS:
            return self._edits.answer(name, environ, self.project.engine)
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
            state = self.project.events.state()
            response, problems = self._run(dict(environ))
            is_page = response.mimetype == "text/html" and environ["REQUEST_METHOD"] != "HEAD"
            if not is_page:
                return response
            if not is_get or state["id"] == self.project.events.id():
                break  # otherwise the code or a snapshot was replaced meanwhile
        if is_get and CHARTS.fullmatch(environ["PATH_INFO"]):
            self.last_page = {
                name: value for name, value in environ.items() if isinstance(value, str)
            }
        self._inject(response, state, problems, environ.get("HTTP_SEC_FETCH_DEST", "document"))
        return response

    def draw(self, request: Mapping[str, str]) -> None:
        """Draw a page before a browser asks for it: its answer is in the cache, or on the way."""
        if self.project.engine:
            self.project.running[get_ident()] = time.monotonic()
            with suppress(Exception, SystemExit):
                streams = {"wsgi.input": BytesIO(), "wsgi.errors": sys.stderr}
                Response.from_app(self.project.app, {**request, **streams})
            del self.project.running[get_ident()]
            self.project.failures.take()

    def _run(self, environ: "WSGIEnvironment") -> Answer:
        """Return the project's answer, or for a page that takes long, where it is."""
        answers: SimpleQueue[Answer] = SimpleQueue()
        late = Event()

        def produce() -> None:
            self.project.running[get_ident()] = time.monotonic()
            try:
                answers.put(self._produce(environ))
            finally:
                del self.project.running[get_ident()]
            if late.is_set():
                self.project.events.bump()

        worker = Thread(target=produce, daemon=True)
        worker.start()
        is_page = "HTTP_X_FLASKDASH_DEV" in environ or (
            environ.get("HTTP_SEC_FETCH_DEST", "document") == "document"
        )
        if environ["REQUEST_METHOD"] == "GET" and is_page:
            try:
                return answers.get(timeout=PATIENCE_SECONDS)
            except Empty:
                if not self.project.loaded.is_set():
                    return self._broken(self.project.slow_start(), 503)
                if source := self._late(worker.ident or 0):
                    late.set()
                    title = f"This page is still running after {PATIENCE_SECONDS:.0f} s"
                    failure = problem.at(title, source, self.root, loaded.SLOW)
                    print(failure.summary, file=sys.stderr, flush=True)
                    return self._broken(failure, 503)
        return answers.get()

    def _late(self, ident: int) -> problem.SourceLine | None:
        """Return the line that a request is at, or the one that it waits for."""
        frames, start = sys._current_frames(), time.monotonic() - PATIENCE_SECONDS
        late = [each for each, since in [*self.project.running.items()] if since <= start]
        lines = (problem.running(frames.get(each), self.root) for each in (ident, *late))
        return next(filter(None, lines), None)

    def _produce(self, environ: "WSGIEnvironment") -> Answer:
        self.project.failures.take()
        self.project.loaded.wait()
        if self.project.app is None:
            assert self.project.events.problem
            return self._broken(self.project.events.problem)
        engine = self.project.engine
        try:
            response = Response.from_app(self.project.app, environ)
            if response.mimetype == "text/html":
                response.get_data()
        except (Exception, SystemExit) as error:
            print(problem.text(error, self.root), file=sys.stderr)
            return self._broken(problem.describe(error, self.root))
        return response, [
            failures.describe(message, error, engine, self.root)
            for message, error in self.project.failures.take()
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
