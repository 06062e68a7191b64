"""The page that dev mode shows for an exception: what, where, and the lines around it."""

import html
import linecache
import traceback
from dataclasses import dataclass
from pathlib import Path

AROUND = 6
CSS = """
:root {
  color-scheme: light dark;
  --red: light-dark(#b3261e, #ff8a80);
}
body {
  font:
    16px/1.5 system-ui,
    sans-serif;
  max-width: 60rem;
  margin: 2rem auto;
  padding: 0 1rem;
}
h1 {
  font-size: 1.3rem;
  color: var(--red);
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
pre {
  font:
    14px/1.5 ui-monospace,
    monospace;
  overflow-x: auto;
  padding: 0.75rem 0;
  background: light-dark(#f6f6f6, #222);
}
pre span {
  display: block;
  padding: 0 0.75rem;
  width: max-content;
  min-width: calc(100% - 1.5rem);
}
pre .here {
  background: light-dark(#ffe3e0, #5a201c);
}
pre.traceback {
  padding: 0.75rem;
}
"""


@dataclass(frozen=True)
class Place:
    """A line of the user's project."""

    file: Path
    line: int


def render(error: BaseException, root: Path) -> str:
    """Return the HTML page for `error` in the project at `root`."""
    title = html.escape("".join(traceback.format_exception_only(error)).strip().splitlines()[-1])
    place = locate(error, root)
    found = ""
    if place:
        name = html.escape(place.file.relative_to(root).as_posix())
        found = f"<p><strong>{name}, line {place.line}</strong></p>\n<pre>{_excerpt(place)}</pre>"
    trace = html.escape(text(error, root))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{CSS}</style>
</head>
<body>
<h1>{title}</h1>
{found}
<p>This page reloads by itself when you save a change.</p>
<pre class="traceback">{trace}</pre>
</body>
</html>
"""


def text(error: BaseException, root: Path) -> str:
    """Return the traceback from the first line of the project on, without the servers' frames."""
    trace = error.__traceback__
    while trace and not _within(trace.tb_frame.f_code.co_filename, root):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))


def locate(error: BaseException, root: Path) -> Place | None:
    """Return the line of the project where `error` began: that of its innermost cause."""
    places = [place for link in _chain(error) if (place := _own(link, root))]
    return places[-1] if places else None


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception, then what it was raised from, and so on to the first."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link and link not in links:
        links.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return links


def _own(error: BaseException, root: Path) -> Place | None:
    """Return the last line of the project that an exception passed through."""
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    # A SyntaxError, Jinja's too, names the file that could not be read: no frame does.
    frames.append((getattr(error, "filename", None) or "", getattr(error, "lineno", None)))
    for name, line in reversed(frames):
        if isinstance(line, int) and _within(name, root):
            return Place(Path(name), line)
    return None


def _within(name: object, root: Path) -> bool:
    if not isinstance(name, str) or not name:
        return False
    file = Path(name)
    return file.is_relative_to(root) and ".venv" not in file.relative_to(root).parts


def _excerpt(place: Place) -> str:
    linecache.checkcache(str(place.file))
    lines = linecache.getlines(str(place.file))
    first = max(1, place.line - AROUND)
    shown = enumerate(lines[first - 1 : place.line + AROUND], start=first)
    marks = {place.line: ' class="here"'}
    return "".join(
        f"<span{marks.get(number, '')}>{number:>4}  {html.escape(line.rstrip())}</span>"
        for number, line in shown
    )
