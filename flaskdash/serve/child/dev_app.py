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
    import dev_host  # these are on sys.path, see __main__.py
    import dev_page
    import dev_progress

RETRY_MS = 150
POLL_SECONDS = 0.25
REPEAT_SECONDS = 2.0
NO_STORE = {"Cache-Control": "no-store"}
REFUSED = """\
flaskdash serve does not answer to the name {!r}: that may be a website which points its own name
at this machine to read the dashboard. Open it as localhost, or by the name that --host was given.
"""
SCRIPT = Path(__file__).with_name("reload.js")


class DevApp:
    """The project's app, which can be made anew, and the events that tell browsers so."""

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
        """Make the project's app; if that fails, answer with the reason until the next change."""
        with self._loading:
            try:
                app = importlib.import_module("app").create_app()
                app.config["PROPAGATE_EXCEPTIONS"] = True  # to here, not to the app's error page
                self._progress.watch(getattr(app.extensions.get("engine"), "data", {}))
                self._app = app
                self._instance = Path(app.config.get("INSTANCE", self._instance))
            except (Exception, SystemExit) as error:
                print(dev_page.text(error, self.root), file=sys.stderr)
                self._app = self._broken(error)
                _forget("app")

    def change(self, kind: str) -> None:
        """Make the app anew after a change outside its Python code, and tell the browsers."""
        self.load()
        with self._changed:
            if kind == "style":
                self._css += 1
            else:
                self._version += 1
            self._changed.notify_all()

    def close(self) -> None:
        """End the event streams, so that browsers come back to the next process."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._progress.close()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request: one of our own, or the project's."""
        return self._answer(environ)(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment") -> Response:
        named = environ.get("HTTP_HOST", "")
        if not dev_host.is_ours(named, self.host):
            return Response(REFUSED.format(named), 403, mimetype="text/plain")
        match environ.get("PATH_INFO"):
            case "/_dev/up":
                return Response("up\n", mimetype="text/plain")
            case "/_dev/reload.js":
                script = SCRIPT.read_bytes()
                return Response(script, mimetype="text/javascript", headers=NO_STORE)
            case "/_dev/events":
                return Response(self._events(), mimetype="text/event-stream", headers=NO_STORE)
        # A page is wanted in full and uncompressed, to put the script in.
        for header in ("ACCEPT_ENCODING", "IF_NONE_MATCH", "IF_MODIFIED_SINCE"):
            environ.pop(f"HTTP_{header}", None)
        return self._page(environ)

    def _page(self, environ: "WSGIEnvironment") -> Response:
        untouched = dict(environ)
        shown = self._id()
        try:
            response = Response.from_app(self._app, environ)
            page = response.mimetype == "text/html" and environ["REQUEST_METHOD"] != "HEAD"
            body = response.get_data() if page else b""
        except Exception as error:
            print(dev_page.text(error, self.root), file=sys.stderr)
            response = self._broken(error)
            page, body = True, response.get_data()
        if page and shown != self._id() and environ["REQUEST_METHOD"] == "GET":
            return self._page(untouched)  # a snapshot was built meanwhile: old or new, who knows
        if page:
            self._inject(response, body, shown, environ.get("HTTP_SEC_FETCH_DEST", "document"))
        return response

    def _inject(self, response: Response, body: bytes, shown: str, destination: str) -> None:
        end = body.lower().rfind(b"</body>")
        if response.headers.get("Content-Encoding") or (end < 0 and destination != "document"):
            return  # a piece of a page, which a script asked for
        end = len(body) if end < 0 else end
        # The page itself says what it shows, so a change between page and event is not missed.
        data = f'data-id="{shown}" data-css="{self._css}"'
        tag = f'<script src="/_dev/reload.js" {data} defer></script>'
        response.set_data(body[:end] + tag.encode() + body[end:])
        for header in ("ETag", "Last-Modified"):
            response.headers.pop(header, None)
        response.headers.update(NO_STORE)

    def _broken(self, error: BaseException) -> Response:
        return Response(dev_page.render(error, self.root), status=500, mimetype="text/html")

    def _events(self) -> Iterator[bytes]:
        yield f"retry: {RETRY_MS}\n\n".encode()
        sent, at = "", 0.0
        while not self._closing:
            state = self._state()
            # Repeated now and then: for a tab that came late, and to find that a browser has gone.
            if state != sent or time.monotonic() - at > REPEAT_SECONDS:
                yield f"data: {state}\n\n".encode()
                sent, at = state, time.monotonic()
            with self._changed:
                if not self._closing and state == self._state():
                    self._changed.wait(POLL_SECONDS)

    def _state(self) -> str:
        return json.dumps({"id": self._id(), "css": str(self._css)})

    def _id(self) -> str:
        return f"{self._boot}-{self._version}-{_snapshots(self._instance):x}"


def _snapshots(instance: Path) -> int:
    """Return a number that changes when the app has rebuilt a snapshot, which it does by itself."""
    with contextlib.suppress(OSError), os.scandir(instance) as entries:
        files = (entry for entry in entries if entry.name.endswith(".json"))
        return max((file.stat().st_mtime_ns for file in files), default=0)
    return 0


def _forget(package: str) -> None:
    for name in [*sys.modules]:
        if name == package or name.startswith(f"{package}."):
            del sys.modules[name]
    importlib.invalidate_caches()
