"""The same dashboard in each candidate, with the steps to prepare it and to use its filter."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import server
from playwright.sync_api import Page

HERE = Path(__file__).parent
VENV_BIN = Path(sys.executable).parent
REQUIREMENTS = {
    "dash": ("dash", "flask-caching", "gunicorn", "pandas"),
    "dash-parquet": ("dash", "flask-caching", "gunicorn", "pandas", "pyarrow"),
    "course": ("flask", "gunicorn", "pandas", "plotly"),
    "streamlit": ("streamlit", "pandas", "plotly"),
    "shiny": ("shiny", "pandas", "plotly"),
}
CHARTS: tuple[tuple[str, ...], ...] = (
    ("--kind", "kpi", "--y", "revenue", "--agg", "sum", "--title", "Revenue"),
    ("--kind", "kpi", "--agg", "count", "--title", "Orders"),
    ("--kind", "kpi", "--y", "revenue", "--agg", "mean", "--title", "Average"),
    ("--kind", "line", "--x", "order_date", "--y", "revenue", "--agg", "sum", "--grain", "month",
     "--title", "Revenue by month"),
    ("--kind", "bar", "--x", "region", "--y", "revenue", "--agg", "sum",
     "--title", "Revenue by region"),
    ("--kind", "bar", "--x", "product", "--y", "revenue", "--agg", "sum",
     "--title", "Revenue by product"),
    ("--kind", "histogram", "--x", "revenue", "--title", "Distribution of revenue"),
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """An application that is ready to be started."""

    name: str
    python: Path
    app: str
    cwd: Path
    state: Path  # what it keeps between two starts; emptied for a first start
    open: Callable[[Page], Any]  # what a user does before choosing a region
    click: Callable[[Page, str], Any]  # what a user does to choose one more region
    submit: Callable[[Page], Any] | None = (
        None  # and the click that asks for it, if that is another
    )
    variables: dict[str, str] = field(default_factory=dict)
    host: Callable[..., AbstractContextManager[server.Running]] = server.gunicorn

    def serve(self) -> AbstractContextManager[server.Running]:
        """Start the application as in production."""
        return self.host(self.python, self.app, self.cwd, self.variables)

    def forget(self) -> None:
        """Empty the state."""
        shutil.rmtree(self.state, ignore_errors=True)
        self.state.mkdir(parents=True)


def new_project(work: Path, data: Path) -> Path:
    """Create a project that has exactly the dashboard's charts, with the command line."""
    project = work / "shop"
    shutil.rmtree(project, ignore_errors=True)
    command = str(VENV_BIN / "flaskdash")
    _run([command, "new", "shop", "--data", str(data), "--charts", "0", "--no-git"], work)
    for path in (project / "app" / "charts").glob("[!_]*.py"):
        path.unlink()
    for flags in CHARTS:
        _run([command, "add-chart", "--data", data.stem, "--filter", "region", *flags], project)
    return project


def flaskdash(work: Path, project: Path) -> Candidate:
    """Return a project that the command line has created."""
    state = work / "state" / "flaskdash"
    return Candidate(
        "flaskdash",
        project / ".venv" / "bin" / "python",
        "app:create_app()",
        project,
        state,
        open=lambda page: page.click(".filters summary"),
        click=lambda page, region: page.click(f'.filters input[value="{region}"]'),
        variables={"INSTANCE_PATH": str(state)},
    )


def dash(work: Path, data: Path, environments: Path | None = None) -> Candidate:
    """Return the dashboard in Dash; ENVIRONMENTS is another folder for its environment."""
    state = work / "state" / "dash"
    return Candidate(
        "Dash",
        environment(environments or work, "dash-parquet" if data.suffix == ".parquet" else "dash"),
        "dash_app:server",
        HERE,
        state,
        open=lambda page: page.click("#region"),
        click=lambda page, region: page.click(f'.dash-dropdown-option:has-text("{region}")'),
        variables={"BENCH_DATA": str(data), "BENCH_STATE": str(state)},
    )


def course(work: Path, data: Path) -> Candidate:
    """Return the dashboard as courses teach it; it does not store anything."""
    return Candidate(
        "course app",
        environment(work, "course"),
        "course_app:app",
        HERE,
        work / "state" / "course",
        open=lambda page: None,
        click=lambda page, region: page.check(f'input[value="{region}"]'),
        submit=lambda page: page.click("button", no_wait_after=True),
        variables={"BENCH_DATA": str(data)},
    )


def streamlit(work: Path, data: Path) -> Candidate:
    """Return the dashboard in Streamlit, which stores everything in memory."""
    return Candidate(
        "Streamlit",
        environment(work, "streamlit"),
        "streamlit_app.py",
        HERE,
        work / "state" / "streamlit",
        open=lambda page: page.click('[data-testid="stMultiSelect"] input'),
        click=lambda page, region: page.click(f'[role="option"]:has-text("{region}")'),
        variables={"BENCH_DATA": str(data)},
        host=server.streamlit,
    )


def environment(work: Path, name: str) -> Path:
    """Return the Python of a candidate's environment, which is created if it does not exist."""
    folder = work / "venvs" / name
    python = folder / "bin" / "python"
    if not python.exists():
        uv = str(VENV_BIN / "uv")
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], work)
        _run([uv, "pip", "install", "--quiet", "--python", str(python), *REQUIREMENTS[name]], work)
    return python


def version(python: Path, package: str) -> str:
    """Return the version of a package in an environment."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return _run([str(python), "-c", code], python.parent).strip()


def _run(command: Sequence[str], cwd: Path) -> str:
    clean = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    process = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{process.stdout}{process.stderr}")
    return process.stdout
