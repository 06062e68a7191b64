"""The error page of dev mode: the exception, its file and line, and the lines around it."""

import html
import linecache
import traceback
from dataclasses import dataclass
from pathlib import Path

CONTEXT_LINES = 6
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
class SourceLine:
    """A line of the user's project."""

    file: Path
    line: int


def render(error: BaseException, root: Path) -> str:
    """Return the HTML page for `error` in the project at `root`."""
    title = html.escape("".join(traceback.format_exception_only(error)).strip().splitlines()[-1])
    source = locate(error, root)
    excerpt = ""
    if source:
        name = html.escape(source.file.relative_to(root).as_posix())
        heading = f"<p><strong>{name}, line {source.line}</strong></p>"
        excerpt = f"{heading}\n<pre>{_excerpt(source)}</pre>"
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
{excerpt}
<p>This page reloads by itself when you save a change.</p>
<pre class="traceback">{trace}</pre>
</body>
</html>
"""


def text(error: BaseException, root: Path) -> str:
    """Return the traceback without the server's frames before the project's first one."""
    trace = error.__traceback__
    while trace and not _within(trace.tb_frame.f_code.co_filename, root):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))


def locate(error: BaseException, root: Path) -> SourceLine | None:
    """Return the project's line in which the innermost cause of `error` was raised."""
    lines = [_last_line(link, root) for link in _chain(error)]
    return next(filter(None, reversed(lines)), None)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and its causes, the innermost last."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link and link not in links:
        links.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return links


def _last_line(error: BaseException, root: Path) -> SourceLine | None:
    """Return the last line of the project in the traceback of an exception."""
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    # A SyntaxError, also Jinja's, has the file and line itself; they are not in its frames.
    frames.append((getattr(error, "filename", None) or "", getattr(error, "lineno", None)))
    for name, line in reversed(frames):
        if isinstance(line, int) and _within(name, root):
            return SourceLine(Path(name), line)
    return None


def _within(name: object, root: Path) -> bool:
    if not isinstance(name, str) or not name:
        return False
    file = Path(name)
    return file.is_relative_to(root) and ".venv" not in file.relative_to(root).parts


def _excerpt(source: SourceLine) -> str:
    linecache.checkcache(str(source.file))
    lines = linecache.getlines(str(source.file))
    first = max(1, source.line - CONTEXT_LINES)
    excerpt = lines[first - 1 : source.line + CONTEXT_LINES]
    marks = {source.line: ' class="here"'}
    return "".join(
        f"<span{marks.get(number, '')}>{number:>4}  {html.escape(line.rstrip())}</span>"
        for number, line in enumerate(excerpt, start=first)
    )
