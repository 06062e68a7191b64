"""Tools that follow saved files, each serving the dashboard of peers.py from files that a bench edits."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import candidates
import replay
import server

COMMAND = str(candidates.VENV_BIN / "flaskdash")
HELPERS = "def number(text):\n    return text\n"
IMPORT = "import pandas as pd\n"
# Dash has no command: its script runs itself, at its end.
LAST_LINES = 'title="Distribution of revenue"),\n    ]\n'
DASH_RUN = """

if __name__ == "__main__":
    app.run(debug=True, port=int(os.environ["PORT"]))
"""
FLASK_STARTED = """\
@app.get("/started")
def started() -> str:
    return str(os.getpid())


"""
# Flask reloads its process, but no page: this does, as soon as another process answers. An error
# that a new process has by chance is asked for again after a second, as a person would.
FLASK_RELOADS = """
if (location.protocol === "http:") {
  let started;
  setInterval(async () => {
    try {
      const response = await fetch("/started");
      const now = response.ok ? await response.text() : String(response.status);
      started ??= now;
      const isOldError = !document.querySelector(".kpi") && performance.now() > 1000;
      if (started !== now || isOldError) location.reload();
    } catch {}  // the process is just starting
  }, 100);
}
"""


@dataclass
class Session:
    """A tool that serves the files in `folder`."""

    command: Sequence[str]
    folder: Path
    log: Path
    variables: dict[str, str]
    port: int
    process: subprocess.Popen[bytes] = field(init=False)
    started: float = field(init=False)  # ms since 1970
    restarts: int = 0

    def start(self) -> None:
        self.started = 1000 * time.time()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=server.clean() | self.variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def revive(self) -> None:
        """Start the tool again if it has ended, as a person would in the terminal."""
        if self.process.poll() is not None:
            self.restarts += 1
            self.start()

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)

    @property
    def url(self) -> str:
        return f"http://{server.HOST}:{self.port}"

    @property
    def printed(self) -> str:
        return self.log.read_text("utf-8", "replace")


@dataclass(frozen=True)
class Tool:
    """How a tool is started, and how it shows a change."""

    name: str
    serve: Callable[[Path, Path], AbstractContextManager[Session]]
    """Serves a new copy of the dashboard; the arguments are the work folder and the data."""
    in_terminal: bool = False
    """Whether some errors are shown only where it was started."""
    error: str = ""
    """What its page says of any error; the error itself is a click away."""
    page_script: str = ""
    pause: int = 700
    """Milliseconds between two edits, so that each is over before the next."""


def script(
    packages: str, file: str, command: Sequence[str], *changes: tuple[str, str]
) -> Callable[[Path, Path], AbstractContextManager[Session]]:
    """Return how a script in candidates/ is served, with changes so that it imports helpers.py."""

    @contextmanager
    def serve(work: Path, data: Path) -> Iterator[Session]:
        python = candidates.environment(work, packages)
        # Streamlit does not watch folders whose names begin with a dot, such as .work.
        folder = Path(tempfile.mkdtemp(prefix="bench-"))
        text = (candidates.HERE / file).read_text("utf-8")
        for old, new in ((IMPORT, f"{IMPORT}from helpers import number\n"), *changes):
            text = replay.apply(text, replay.Edit(file, old, new))
        (folder / "app.py").write_text(text, "utf-8")
        (folder / "helpers.py").write_text(HELPERS, "utf-8")
        shutil.copytree(candidates.HERE / "templates", folder / "templates")
        port = server.free_port()
        arguments = [part.format(host=server.HOST, port=port) for part in command]
        variables = {"BENCH_DATA": str(data.resolve()), "BENCH_STATE": "", "PORT": str(port)}
        session = Session([str(python), *arguments], folder, folder / "log", variables, port)
        with _running(session):
            yield session
        shutil.rmtree(folder)

    return serve


def project(
    *flags: str, **variables: str
) -> Callable[[Path, Path], AbstractContextManager[Session]]:
    """Return how flaskdash serves a copy of a project, which links to its environment."""

    @contextmanager
    def serve(work: Path, data: Path) -> Iterator[Session]:
        shop = work / "shop"
        if not (shop / "app").is_dir():
            candidates.new_project(work, data)
        copy = work / "serve" / "shop"
        shutil.rmtree(copy.parent, ignore_errors=True)
        shutil.copytree(shop, copy, ignore=shutil.ignore_patterns(".venv", "instance"))
        (copy / ".venv").symlink_to(shop.resolve() / ".venv")
        port = server.free_port()
        command = [COMMAND, "serve", *flags, "--port", str(port)]
        session = Session(command, copy, copy.parent / "serve.log", variables, port)
        with _running(session):
            yield session

    return serve


@contextmanager
def _running(session: Session) -> Iterator[None]:
    session.start()
    try:
        server.await_port(session.process, session.port)
        yield
    finally:
        session.stop()


ADDRESS = ("--host", "{host}", "--port", "{port}")
ORDERS = ('f"{len(df):,}"', 'number(f"{len(df):,}")')
FLASKDASH = Tool("flaskdash", project("--no-open"))
PRODUCTION = Tool("serve --prod", project("--prod", SECRET_KEY="bench"))
STREAMLIT = Tool(
    "Streamlit",
    script(
        "streamlit",
        "streamlit_app.py",
        ("-m", "streamlit", "run", "app.py", "--server.headless", "true",
         "--server.address", "{host}", "--server.port", "{port}", "--server.runOnSave", "true",
         "--browser.gatherUsageStats", "false"),
        ("column.metric(name, value)", "column.metric(name, number(value))"),
    ),
)  # fmt: skip
SLOW_TOOLS = {
    "dash": Tool(
        "Dash",
        script(
            "dash",
            "dash_app.py",
            ("app.py",),
            ORDERS,
            # A cache in files answers with what the code before a save has made.
            ("FileSystemCache", "NullCache"),
            (LAST_LINES, LAST_LINES + DASH_RUN),
        ),
        in_terminal=True,
        error="Callback error",
        pause=4000,  # its page asks every three seconds, and misses what is saved before
    ),
    "shiny": Tool(
        "Shiny",
        script(
            "shiny", "shiny_app.py", ("-m", "shiny", "run", "--reload", *ADDRESS, "app.py"), ORDERS
        ),
        in_terminal=True,
    ),
    "flask": Tool(
        "Flask",
        script(
            "course",
            "course_app.py",
            ("-m", "flask", "--app", "app", "run", "--debug", *ADDRESS),
            ORDERS,
            ("@app.get", f"{FLASK_STARTED}@app.get"),
        ),
        page_script=FLASK_RELOADS,
        pause=2000,  # it misses what is saved while it starts
    ),
}
