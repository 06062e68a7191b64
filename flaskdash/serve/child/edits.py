"""What the edit bar of a dashboard does: move and resize charts in their files, undo, show code."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from flaskdash.serve.child import constants, ordering
else:
    import constants
    import ordering

ACTIONS = ("move", "size", "undo", "code")
LARGEST_REQUEST = 100_000  # bytes
UNDONE = 50  # changes that can be undone
DEFAULT_ORDER = 100
SIZES = ("half", "full")
Files = Mapping[str, bytes]  # the content of files, by their names in the project
# The content of files before and after, in latin-1; of a created file, None and its digest.
Change = dict[str, tuple[str | None, str]]


class Edits:
    """The edits of the charts of the project at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        # In a file, because the process that serves may be replaced between an edit and its undo.
        self._history = root / "instance" / "serve.undo"
        self._lock = Lock()

    def answer(self, action: str, environ: "WSGIEnvironment", engine: Any) -> Response:
        """Answer a request of the edit bar: what was done, or in a sentence why it is refused."""

        def act(body: Mapping[str, Any]) -> object:
            if engine is None:
                raise constants.RefusedError("The project is not loaded.")
            with self._lock:
                return getattr(self, f"_{action}")(engine, body)

        return answer(environ, act)

    def note_created(self, names: Iterable[str]) -> None:
        """Have the next undo delete files that were created."""
        with self._lock:
            created: Change = {name: (None, _digest(self.root / name)) for name in names}
            self._write({}, [*self._read_history(), created])

    def _move(self, engine: Any, body: Mapping[str, Any]) -> object:
        """Have charts sort as they are listed."""
        slugs = body.get("order")
        if not isinstance(slugs, list) or len({*map(str, slugs)}) != len(slugs):
            raise constants.RefusedError("This is not a list of charts.")
        names = {slug: self._name(engine, slug) for slug in slugs}
        charts = [(slug, self._order(names[slug], engine.charts[slug].order)) for slug in slugs]
        new = ordering.renumber(charts, str(body.get("moved")))
        return self._assign({names[slug]: ("ORDER", order) for slug, order in new.items()})

    def _size(self, engine: Any, body: Mapping[str, Any]) -> object:
        """Give a chart another size."""
        name, size = self._name(engine, body.get("chart")), body.get("size")
        if size not in SIZES:
            raise constants.RefusedError(f"A size is one of {' and '.join(SIZES)}.")
        return self._assign({name: ("SIZE", size)})

    def _undo(self, _engine: Any, _body: Mapping[str, Any]) -> object:
        """Restore the files of the last change."""
        history = self._read_history()
        if not history:
            raise constants.RefusedError("There is nothing to undo.")
        changes = history.pop()
        for name, (before, after) in changes.items():
            path = self.root / name
            is_same = path.is_file() and after == (
                _digest(path) if before is None else path.read_bytes().decode("latin-1")
            )
            if not is_same:
                raise constants.RefusedError(f"{name} was edited since, so this cannot be undone.")
        files = {
            name: before.encode("latin-1")
            for name, (before, _) in changes.items()
            if before is not None
        }
        self._write(files, history)
        created = [name for name, (before, _) in changes.items() if before is None]
        deleted = self._delete_created(created)
        return {
            "done": [
                *(f"{name}: restored" for name in files),
                *(f"{name}: deleted" for name in deleted if not name.startswith(".")),
            ]
        }

    def _delete_created(self, names: Sequence[str]) -> list[str]:
        """Delete created files: of a chart alone, if newer charts may use those that came with it."""
        charts = [name for name in names if "app/charts/" in name]  # and their records
        added = max(((self.root / name).stat().st_mtime for name in charts), default=0.0)
        newer = [
            path
            for path in (self.root / "app" / "charts").glob("*.py")
            if path.relative_to(self.root).as_posix() not in names and path.stat().st_mtime > added
        ]
        deleted = charts if newer else list(names)
        for name in deleted:
            (self.root / name).unlink()
        return deleted

    def _code(self, engine: Any, body: Mapping[str, Any]) -> object:
        """Return the code of a chart, and its docstring if that says more than its title."""
        slug = body.get("chart")
        name = self._name(engine, slug)
        path, chart = self.root / name, engine.charts[slug]
        source = path.read_bytes()
        words = constants.docstring(source)
        return {
            "title": chart.title,
            "file": name,
            "code": source.decode("utf-8", "replace"),
            "editor": f"vscode://file{quote(path.as_posix())}:1",
            "why": "" if words.rstrip(".") == chart.title.rstrip(".") else words,
        }

    def _name(self, engine: Any, slug: object) -> str:
        """Return the name of a chart's file; raise RefusedError if it is not in app/charts."""
        chart = engine.charts.get(slug) if isinstance(slug, str) else None
        if chart is None:
            raise constants.RefusedError(f"There is no chart {slug!r}.")
        path = Path(chart.file)
        folder = (self.root / "app" / "charts").resolve()
        if path.resolve().parent != folder or not path.is_file():
            raise constants.RefusedError(f"{path.name} is not a file of app/charts.")
        return f"app/charts/{path.name}"

    def _order(self, name: str, loaded: float) -> float:
        """Return the ORDER in a file, or the one that was loaded from it if it is computed."""
        with suppress(constants.RefusedError):
            order = constants.read((self.root / name).read_bytes(), "ORDER")
            if order is None:
                return DEFAULT_ORDER
            if isinstance(order, int | float):
                return order
        return loaded

    def _assign(self, values: Mapping[str, tuple[str, int | str]]) -> object:
        """Write a constant into each file, or into none of them."""
        before, after = {}, {}
        for name, (constant, value) in values.items():
            source = (self.root / name).read_bytes()
            try:
                changed = constants.write(source, constant, value)
            except constants.RefusedError as error:
                raise constants.RefusedError(f"{name}: {error}") from error
            if changed != source:
                before[name], after[name] = source, changed
        if after:
            pairs: Change = {
                name: (before[name].decode("latin-1"), after[name].decode("latin-1"))
                for name in after
            }
            self._write(after, [*self._read_history(), pairs])
        written = [(name, *values[name]) for name in after]
        return {"done": [f"{name}: {constant} = {value}" for name, constant, value in written]}

    def _write(self, files: Files, history: Sequence[Change]) -> None:
        """Replace files, with the history of changes; if one cannot be written, none is replaced."""
        contents = {self.root / name: content for name, content in files.items()}
        contents[self._history] = json.dumps(history[-UNDONE:]).encode()
        copies = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in contents}
        replaced: dict[Path, bytes] = {}
        try:
            for path, copy in copies.items():
                copy.write_bytes(contents[path])
                if path.exists():
                    shutil.copymode(path, copy)
            for path, copy in copies.items():
                before = path.read_bytes() if path.exists() else b""
                copy.replace(path)
                replaced[path] = before
        except OSError:
            for path, before in replaced.items():
                path.write_bytes(before)
            raise
        finally:
            for copy in copies.values():
                copy.unlink(missing_ok=True)

    def _read_history(self) -> list[Change]:
        """Return the changes that can be undone."""
        try:
            return list(json.loads(self._history.read_bytes()))
        except (OSError, ValueError):
            return []


def answer(environ: "WSGIEnvironment", act: Callable[[Mapping[str, Any]], object]) -> Response:
    """Answer a request in JSON that a page of this server sends, with what `act` returns."""
    request = Request(environ)
    request.max_content_length = LARGEST_REQUEST
    if request.method != "POST":
        return Response(status=405, headers={"Allow": "POST"})
    if not is_same_origin(environ):
        return Response("This is a request of another site.\n", 403)
    body = request.get_json(silent=True)
    try:
        if not isinstance(body, dict):
            raise constants.RefusedError("This is not a request of the edit bar.")
        return _json(act(body))
    except constants.RefusedError as error:
        return _json({"error": str(error)}, 409)
    except OSError as error:
        return _json({"error": f"Nothing was changed: {error.strerror}."}, 409)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_same_origin(environ: "WSGIEnvironment") -> bool:
    """Return whether a page of this server made a request: browsers name their origin in a POST."""
    origin = urlsplit(environ.get("HTTP_ORIGIN", ""))
    return bool(origin.netloc) and origin.netloc == environ.get("HTTP_HOST")


def _json(content: object, status: int = 200) -> Response:
    return Response(json.dumps(content), status, mimetype="application/json")
