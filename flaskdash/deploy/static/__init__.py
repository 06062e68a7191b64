"""The static target: the dashboards as files, for any host that serves files."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flaskdash import shell
from flaskdash.check import rules
from flaskdash.check.rule import Rule
from flaskdash.deploy.target import Outcome, Status, Target
from flaskdash.progress import Echo, working
from flaskdash.project import Project
from flaskdash.ship.errors import BuildError, PreflightError

CHILD = Path(__file__).with_name("child.py")
PROCESSES = min(4, os.cpu_count() or 1)
DEFAULT = "dist/static"
WORK, OLD = ".writing-", ".replaced-"
# No process runs there: what only one needs is not asked for. Each page is tried as it is written.
NOT_NEEDED = {"procfile", "server", "dependencies", "disk", "boots", "secret-key"}
KEPT = (".git", "CNAME")  # of a folder that is a branch, such as gh-pages
ADDRESS = re.compile(r'\s(?:href|src|action|data-rows-url)="([^"]*)"')
HOW = {
    "one": "one value at a time",
    "several": "any values",
    "days": "its named spans",
    "fixed": "fixed: too many choices",
}


@dataclass(frozen=True)
class StaticFiles:
    """The files of a project's dashboards, and the folder that they are written to."""

    project: Project
    folder: Path
    release: str

    @property
    def rules(self) -> Sequence[Rule]:
        """Return the preflight's rules."""
        return tuple(rule for rule in rules.ALL if rule.id not in NOT_NEEDED)

    @property
    def question(self) -> str:
        """Return what a person is asked before it runs: files do no harm, so nothing."""
        return ""

    @property
    def name(self) -> str:
        """Return the folder as a person would write it."""
        return self.folder.relative_to(self.project.root).as_posix()

    def lines(self) -> Iterator[str]:
        """Yield each step, in words."""
        work = Path(self.name).parent / f"{WORK}..."
        for part in range(PROCESSES):
            yield f"run       {shlex.join(self._command(work, part))}"
        yield f"verify    {work.as_posix()}: each link leads to a file, and none to a server"
        yield f"rename    {work.as_posix()} to {self.name}"

    def run(self, echo: Echo) -> Outcome:
        """Write all files beside the folder, verify them, and take the folder's place."""
        self._refuse_others()
        with _work(self.folder) as work:
            with working("Writing a page for each choice of filters (this may take minutes)..."):
                said = self._write(work)
            verify(work)
            _take_place(work, self.folder)
        self._tell(echo, said)
        return Outcome(release=self.release, file=self.name)

    def _command(self, work: Path, part: int) -> list[str]:
        numbers = [str(part), str(PROCESSES)]
        return [str(self.project.python), str(CHILD), str(work), self.release, *numbers]

    def _write(self, work: Path) -> dict[str, Any]:
        """Let some processes write a part each, and return what they say of it."""

        def run(part: int) -> dict[str, Any]:
            printed = shell.run(self._command(work, part), self.project.root)
            found: dict[str, Any] = json.loads(printed.strip().rpartition("\n")[2])
            return found

        try:
            with ThreadPoolExecutor(PROCESSES) as pool:
                said = list(pool.map(run, range(PROCESSES)))
        except shell.CommandError as error:
            last = error.output.strip().rpartition("\n")[2]
            raise BuildError(
                f"the dashboards could not be written: {last.removeprefix('error: ')}",
                hint="flaskdash serve, and look at it there",
            ) from error
        return said[0] | {"files": sum(one["files"] for one in said)}

    def _refuse_others(self) -> None:
        """Raise if the folder holds what this did not write: it would be gone."""
        if not self.folder.is_dir():
            return
        there = {path.name for path in self.folder.iterdir()} - set(KEPT)
        if there and not {".release", "up", "index.html"} <= there:
            raise PreflightError(
                f"{self.name} holds files that are not of a static copy; nothing was written",
                hint='another folder: pages = { address = "static", folder = "..." } in pyproject.toml',
            )

    def _tell(self, echo: Echo, said: dict[str, Any]) -> None:
        size = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        echo(
            f"create    {self.name}/: {said['files']:,} files, {size / 1e6:.1f} MB:"
            f" {said['pages']} pages, {said['choices']:,} with their choices of filters"
        )
        for column, kind in said["filters"].items():
            echo(f"filter    {column}: {HOW[kind]}")
        echo(
            f"\nNext, look at it, then give the folder to any host of files (docs/deploy-static.md):\n"
            f"  python -m http.server --directory {self.name} 8000\n"
        )


class StaticTarget(Target):
    """The dashboards as files: what serves them is another's, and so are its releases and its log."""

    settings = frozenset({"folder"})

    def plan(self) -> StaticFiles:
        """Return what would be written, and where."""
        root = self.project.root.resolve()
        folder = (root / self.place.settings.get("folder", DEFAULT)).resolve()
        if (
            folder == root
            or not folder.is_relative_to(root)
            or (folder / "pyproject.toml").exists()
        ):
            raise PreflightError(
                f"a static copy can't be written to {folder}", hint='folder = "dist/static"'
            )
        if folder.relative_to(root).parts[0] in {
            "app",
            "data",
            "instance",
            "tests",
            ".git",
            ".venv",
        }:
            raise PreflightError(f"{folder} is the project's own", hint='folder = "dist/static"')
        release = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        return StaticFiles(self.project, folder, release)

    def status(self) -> Status:
        """Return which release the folder holds; where it is served is not known here."""
        plan = self.plan()
        try:
            release = (plan.folder / ".release").read_text("utf-8").strip()
        except OSError:
            return Status(facts={"folder": f"{plan.name}: not written yet"})
        return Status(release, (plan.folder / "index.html").as_uri(), True, {"folder": plan.name})


def verify(folder: Path) -> None:
    """Raise if a page links to what is not there, or names an absolute path: it may lie anywhere."""
    there: dict[Path, bool] = {}
    for page in folder.rglob("*.html"):
        if page.name == "404.html":
            continue
        for address in dict.fromkeys(ADDRESS.findall(page.read_text("utf-8"))):
            path = re.split("[?#]", address)[0]
            if re.match(r"[a-z][a-z0-9+.-]*:|//", path) or not path:
                continue
            file = page.parent / path
            if path.startswith("/"):
                raise BuildError(
                    f"{page.relative_to(folder)} links to {address}, which is right on one host alone",
                    hint="url_for(...) in the template",
                )
            if not there.setdefault(file, file.is_file()):
                raise BuildError(
                    f"{page.relative_to(folder)} links to {path}, which was not written"
                )


@contextmanager
def _work(folder: Path) -> Iterator[Path]:
    """Lend a folder beside the one that is wanted; remove it where it did not take its place."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for stale in folder.parent.glob(f"{WORK}*"):  # of one that was killed: there is a lock
            _recover(stale / "old", folder)
            shutil.rmtree(stale, ignore_errors=True)
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=WORK, ignore_cleanup_errors=True
        ) as work:
            yield Path(work) / "files"
    except OSError as error:
        raise BuildError(
            f"{error.filename or folder}: {error.strerror or error}; {folder.name} is as it was"
        ) from error


def _take_place(work: Path, folder: Path) -> None:
    """Rename the new folder to the old one's name; a branch's own files go with it."""
    old = work.parent / "old"
    if folder.is_dir():
        folder.rename(old)
    try:
        work.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    _keep(old, folder)


def _keep(old: Path, folder: Path) -> None:
    for name in KEPT:
        if (old / name).exists():
            (old / name).rename(folder / name)


def _recover(old: Path, folder: Path) -> None:
    """Bring back what one that was killed between two renames has left aside."""
    if old.is_dir() and not folder.exists():
        old.rename(folder)
    elif old.is_dir():
        _keep(old, folder)


TARGET = StaticTarget
