"""Problems of a project: what was raised, its file and line, and what to try."""

import html
import linecache
import re
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import quote

CONTEXT_LINES = 3
ATTENTION = "data-flaskdash-problem"
NAMED = re.compile(r"(/.*?\.py)(: | and )")


@dataclass(frozen=True)
class Problem:
    """What the browser shows of an error."""

    title: str
    file: str = ""  # relative to the project
    line: int = 0
    excerpt: tuple[tuple[int, str], ...] = ()  # the lines around it, with their numbers
    hint: str = ""
    editor: str = ""  # the address that opens the line in VS Code
    trace: str = field(default="", repr=False)

    @property
    def summary(self) -> str:
        """Describe the problem in one line, for the terminal."""
        return f"{self.file}, line {self.line}: {self.title}" if self.file else self.title

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class SourceLine:
    """A line of the user's project."""

    file: Path
    line: int


def describe(error: BaseException, root: Path, hint: str = "") -> Problem:
    """Return the problem that an exception is, in the project at `root`."""
    lines = "".join(traceback.format_exception_only(error)).strip().splitlines()
    # The message of an error in SQL has several lines; a SyntaxError begins with its place.
    title = lines[-1] if isinstance(error, SyntaxError) else lines[0]
    return at(title, locate(error, root), root, hint or _hint(error), text(error, root))


def at(
    title: str, source: SourceLine | None, root: Path, hint: str = "", trace: str = ""
) -> Problem:
    """Return a problem with the lines around a line of the project."""
    if source is None:
        return Problem(title, hint=hint, trace=trace)
    return Problem(
        title,
        source.file.relative_to(root).as_posix(),
        source.line,
        tuple(_excerpt(source)),
        hint,
        f"vscode://file{quote(source.file.as_posix())}:{source.line}",
        trace,
    )


def render(problem: Problem, assets: str) -> str:
    """Return an HTML page that has nothing but a problem; `assets` is the path of dev.css."""
    place = f"{problem.file}, line {problem.line}" if problem.file else ""
    lines = "".join(
        f"<span{' class=here' * (number == problem.line)}>{number:>4}  {html.escape(text)}</span>"
        for number, text in problem.excerpt
    )
    link = f'<a href="{html.escape(problem.editor)}">Open in the editor</a>'
    return f"""<!doctype html>
<html lang="en" {ATTENTION}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(problem.title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{assets}/dev.css">
</head>
<body class="problem">
<h1>{html.escape(problem.title)}</h1>
<p class="place">{html.escape(place)} {link * bool(problem.editor)}</p>
<pre class="excerpt">{lines}</pre>
<p class="hint">{html.escape(problem.hint)}</p>
<p>This page goes on by itself when you save a change.</p>
<pre class="trace">{html.escape(problem.trace)}</pre>
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
    """Return the project's line in which the innermost cause of `error` was raised.

    The engine's own lines come last: it complains about a file that its message begins with.
    """
    lines = [*filter(None, (_last_line(link, root) for link in _chain(error)))][::-1]
    own = [line for line in lines if not _is_engine(line.file, root)]
    if not own and (named := NAMED.match(str(error))) and _within(named[1], root):
        return SourceLine(Path(named[1]), 1)
    return next(iter([*own, *lines]), None)


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


def _is_engine(file: Path, root: Path) -> bool:
    return file.is_relative_to(root / "app" / "engine")


def running(frame: FrameType | None, root: Path) -> SourceLine | None:
    """Return the project's own line that a thread is running, or None: the engine may wait."""
    while frame:
        file = frame.f_code.co_filename
        if _within(file, root):
            is_engine = _is_engine(Path(file), root)
            return None if is_engine else SourceLine(Path(file), frame.f_lineno)
        frame = frame.f_back
    return None


def _excerpt(source: SourceLine) -> list[tuple[int, str]]:
    linecache.checkcache(str(source.file))
    lines = linecache.getlines(str(source.file))
    first = max(1, source.line - CONTEXT_LINES)
    excerpt = lines[first - 1 : source.line + CONTEXT_LINES]
    return [(number, line.rstrip()) for number, line in enumerate(excerpt, start=first)]


def _hint(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        if package != "app":
            return f"If {package} is a package, run `uv add {package}`."
    if isinstance(error, SystemExit):
        return "Raise an exception instead: sys.exit() would end the server."
    if isinstance(error, SyntaxError):
        return "Correct this line or the one before it, and save the file."
    return "Correct this line and save the file."
