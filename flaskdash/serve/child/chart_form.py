"""The form of the edit bar that adds a chart: what it offers, its preview, and the chart's files."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any

from werkzeug.security import safe_join

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.wrappers import Response

    from flaskdash.serve.child import drafter, edits, loaded, preview
else:
    import drafter
    import edits
    import loaded
    import preview

ACTIONS = ("warm", "form", "draft", "add")


class ChartForm:
    """Answers the form: the process of flaskdash drafts a chart, and the project draws it."""

    def __init__(
        self, project: "loaded.LoadedProject", history: "edits.Edits", argv: Sequence[str]
    ) -> None:
        self.project = project
        self._edits = history
        self._drafter = drafter.Drafter(argv, project.root)
        self._lock = Lock()  # from a draft to its preview, which reads the draft's files
        self._static = ""

    def answer(self, action: str, environ: "WSGIEnvironment") -> "Response":
        """Answer a request of the form."""

        def act(body: Mapping[str, Any]) -> object:
            return getattr(self, f"_{action}")(body, environ)

        return edits.answer(environ, act)

    def static_file(self, name: str) -> Path | None:
        """Return a static file of the last draft: a bundle that the project does not have yet."""
        folder = self._static
        if name.startswith("engine/"):
            folder = str(Path(folder).parent / "engine" / "static")
        path = safe_join(folder, name.removeprefix("engine/")) if self._static else None
        return Path(path) if path and Path(path).is_file() else None

    def _warm(self, _body: Mapping[str, Any], _environ: "WSGIEnvironment") -> object:
        """Start the process that drafts charts."""
        return self._drafter.ask({"action": "warm"})

    def _form(self, body: Mapping[str, Any], _environ: "WSGIEnvironment") -> object:
        """Return the columns, the suggestions and the choices of the form."""
        return self._drafter.ask({**body, "action": "open"})

    def _draft(self, body: Mapping[str, Any], environ: "WSGIEnvironment") -> object:
        """Return the page of a draft, or the error of `add-chart` for its flags."""
        with self._lock:
            draft = self._drafter.ask({**body, "action": "draft"})
            if "error" in draft:
                return draft
            answer = {"title": draft["title"], "hasOwnStatic": bool(draft["static"])}
            if draft["packages"]:
                names = ", ".join(draft["packages"])
                return answer | {"note": f"There is no preview before Add brings {names}."}
            self._static = draft["static"]
            try:
                return answer | {"page": self._draw(draft, str(body.get("query", "")), environ)}
            except Exception as error:
                return answer | {"note": f"There is no preview: {error}"}

    def _draw(self, draft: Mapping[str, Any], query: str, environ: "WSGIEnvironment") -> str:
        """Return the page of a draft; raise what its card raises."""
        self.project.running[get_ident()] = time.monotonic()
        self.project.failures.take()
        try:
            page = preview.show(self.project.app, draft, query, environ)
            html = page.get_data(as_text=True)
        finally:
            del self.project.running[get_ident()]
        for _message, error in self.project.failures.take():
            raise error
        if page.status_code != 200:
            raise RuntimeError(f"its page answers {page.status}")
        return html

    def _add(self, body: Mapping[str, Any], _environ: "WSGIEnvironment") -> object:
        """Write a chart, and have the next undo delete what was created."""
        answer = self._drafter.ask({**body, "action": "add"})
        if "error" in answer:
            return answer
        if not answer["created"]:
            return {"error": f"{answer['file']} is this chart already.", "hint": "", "field": ""}
        self._edits.note_created(answer["created"])
        packages = [f"{name}: added to the project" for name in answer["packages"]]
        return {"done": [f"{answer['file']}: created", *packages]}
