"""The project's app as dev mode serves it: with a reload script, and with readable errors."""

import contextlib
import importlib
import json
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Condition, Lock
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from flaskdash.serve.child import dev_host, dev_page, dev_progress
else:
    import dev_host  # __main__.py has put this folder on sys.path
    import dev_page
    import dev_progress

RETRY_MS = 150
POLL_SECONDS = 0.25
REPEAT_SECONDS = 2.0
NO_STORE = {"Cache-Control": "no-store"}
REFUSED = """\
flaskdash serve does not answer to the name {!r}. A website could point its own name at this machine
to read the dashboard. Open the dashboard as localhost, or by the name in --host.
"""
SCRIPT = Path(__file__).with_name("reload.js")


class DevApp:
    """The project's app, which can be rebuilt, and the events that make browsers reload."""

    def __init__(self, root: Path, host: str) -> None:
        self.root = root
        self.host = host
        self._boot = secrets.token_hex(4)
        self._version = 0
        self._css = 0
        self._closing = False
        self._changed = Condition()
        self._loading = Lock()
        self._instance = root / "instance"
        self._app: WSGIApplication = Response("not loaded", 503)
        self._progress = dev_progress.Progress()

    def load(self) -> None:
        """Build the project's app; if that fails, serve the error until the next change."""
        with self._loading:
            try:
                app = importlib.import_module("app").create_app()
                app.config["PROPAGATE_EXCEPTIONS"] = True  # dev mode has its own error page
                self._progress.watch(getattr(app.extensions.get("engine"), "data", {}))
                self._app = app
                self._instance = Path(app.config.get("INSTANCE", self._instance))
            except (Exception, SystemExit) as error:
                print(dev_page.text(error, self.root), file=sys.stderr)
                self._app = self._broken(error)
                _unload("app")

    def change(self, kind: str) -> None:
        """Rebuild the app after a change outside its Python code, and notify the browsers."""
        self.load()
        with self._changed:
            if kind == "style":
                self._css += 1
            else:
                self._version += 1
            self._changed.notify_all()

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

    def _answer(self, environ: "WSGIEnvironment") -> Response:
        host = environ.get("HTTP_HOST", "")
        if not dev_host.is_trusted(host, self.host):
            return Response(REFUSED.format(host), 403, mimetype="text/plain")
        match environ.get("PATH_INFO"):
            case "/_dev/up":
                return Response("up\n", mimetype="text/plain")
            case "/_dev/reload.js":
                script = SCRIPT.read_bytes()
                return Response(script, mimetype="text/javascript", headers=NO_STORE)
            case "/_dev/events":
                return Response(self._events(), mimetype="text/event-stream", headers=NO_STORE)
        # The script is inserted into a full, uncompressed page.
        for header in ("ACCEPT_ENCODING", "IF_NONE_MATCH", "IF_MODIFIED_SINCE"):
            environ.pop(f"HTTP_{header}", None)
        return self._page(environ)

    def _page(self, environ: "WSGIEnvironment") -> Response:
        original = dict(environ)
        state_id = self._id()
        try:
            response = Response.from_app(self._app, environ)
            is_page = response.mimetype == "text/html" and environ["REQUEST_METHOD"] != "HEAD"
            body = response.get_data() if is_page else b""
        except Exception as error:
            print(dev_page.text(error, self.root), file=sys.stderr)
            response = self._broken(error)
            is_page, body = True, response.get_data()
        if is_page and state_id != self._id() and environ["REQUEST_METHOD"] == "GET":
            return self._page(original)  # a snapshot was rebuilt meanwhile, so the page may be old
        if is_page:
            destination = environ.get("HTTP_SEC_FETCH_DEST", "document")
            self._inject(response, body, state_id, destination)
        return response

    def _inject(self, response: Response, body: bytes, state_id: str, destination: str) -> None:
        end = body.lower().rfind(b"</body>")
        if response.headers.get("Content-Encoding") or (end < 0 and destination != "document"):
            return  # a script requested a part of a page
        end = len(body) if end < 0 else end
        # The page holds its own state, so a change before the first event is not missed.
        data = f'data-id="{state_id}" data-css="{self._css}"'
        tag = f'<script src="/_dev/reload.js" {data} defer></script>'
        response.set_data(body[:end] + tag.encode() + body[end:])
        for header in ("ETag", "Last-Modified"):
            response.headers.pop(header, None)
        response.headers.update(NO_STORE)

    def _broken(self, error: BaseException) -> Response:
        return Response(dev_page.render(error, self.root), status=500, mimetype="text/html")

    def _events(self) -> Iterator[bytes]:
        yield f"retry: {RETRY_MS}\n\n".encode()
        sent_state, sent_at = "", 0.0
        while not self._closing:
            state = self._state()
            # Repeat the state for tabs that connect late, and to detect closed browsers.
            if state != sent_state or time.monotonic() - sent_at > REPEAT_SECONDS:
                yield f"data: {state}\n\n".encode()
                sent_state, sent_at = state, time.monotonic()
            with self._changed:
                if not self._closing and state == self._state():
                    self._changed.wait(POLL_SECONDS)

    def _state(self) -> str:
        return json.dumps({"id": self._id(), "css": str(self._css)})

    def _id(self) -> str:
        return f"{self._boot}-{self._version}-{_newest_snapshot(self._instance):x}"


def _newest_snapshot(instance: Path) -> int:
    """Return a number that changes when the app rebuilds a snapshot."""
    with contextlib.suppress(OSError), os.scandir(instance) as entries:
        files = (entry for entry in entries if entry.name.endswith(".json"))
        return max((file.stat().st_mtime_ns for file in files), default=0)
    return 0


def _unload(package: str) -> None:
    for name in [*sys.modules]:
        if name == package or name.startswith(f"{package}."):
            del sys.modules[name]
    importlib.invalidate_caches()
