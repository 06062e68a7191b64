"""The static target: write the dashboards as files, for any static web host."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from flaskdash.ship import files
from flaskdash.ship.errors import BuildError, PreflightError

CHILD = Path(__file__).with_name("child.py")
PROCESSES = min(4, os.cpu_count() or 1)
DEFAULT = "dist/static"
EXAMPLE = 'production = { address = "static", folder = "dist/static" }'
WORK = ".writing-"
PACKED_SIZE = 100_000  # bytes of a file with several choices: one click loads one of them
CHOICE = re.compile(r"(?P<name>.+?)(?:\.(?P<digest>[0-9a-f]{16}))?(?P<end>\.(?:html|csv))")
# These rules concern a server process, and a static host runs none. Errors in pages are found when
# the pages are written.
UNNEEDED_RULES = {"procfile", "server", "dependencies", "disk", "boots", "secret-key"}
# Git and GitHub put these into a folder that is a branch, such as gh-pages; each copy preserves them.
PRESERVED = (".git", "CNAME")
PROJECT_FOLDERS = {"app", "data", "instance", "tests", ".git", ".venv"}
ADDRESS = re.compile(r'\s(?:href|src|action|data-rows-url)="([^"]*)"')
CHOICES_TEXT = {
    "one": "one value at a time",
    "several": "any combination of values",
    "days": "its named periods",
    "fixed": "left out, because it has too many choices",
}


@dataclass(frozen=True)
class StaticFiles:
    """The files of a project's dashboards, and the folder that they are written to."""

    project: Project
    folder: Path
    release: str

    @property
    def rules(self) -> Sequence[Rule]:
        return tuple(rule for rule in rules.ALL if rule.id not in UNNEEDED_RULES)

    @property
    def question(self) -> str:
        """Return an empty string: writing files needs no confirmation."""
        return ""

    @property
    def name(self) -> str:
        """Return the folder, relative to the project."""
        return self.folder.relative_to(self.project.root).as_posix()

    def lines(self) -> Iterator[str]:
        work = Path(self.name).parent / f"{WORK}..."
        for part in range(PROCESSES):
            yield f"run       {shlex.join([*self._command(work, part), 'DIGEST', 'DIGEST'])}"
        yield f"verify    {work.as_posix()}: each link is relative and leads to a file"
        yield f"pack      {work.as_posix()}: the choices of each page into few files"
        yield f"rename    {work.as_posix()} to {self.name}"

    def run(self, echo: Echo) -> Outcome:
        """Write all files beside the folder, verify them, then replace the folder.

        If the folder has what would be written, it stays as it is.
        """
        self._check_folder()
        record = Record(self.project, self.folder)
        last = record.read()
        code = record.code()
        with _work(self.folder) as work:
            with working("Writing a page for each choice of filters (this may take minutes)..."):
                report = self._write(work, code, last.get("digest", ""))
            if report["digest"] == last.get("digest"):
                return self._keep(echo, last)
            verify(work)
            pack(work)
            report["files"] = sum(path.is_file() for path in work.rglob("*"))
            _replace(work, self.folder)
        record.write(report)
        self._print(echo, report)
        return Outcome(release=self.release, file=self.name)

    def _keep(self, echo: Echo, report: Mapping[str, Any]) -> Outcome:
        """Report that the folder has the files that would be written."""
        release = (self.folder / ".release").read_text("utf-8").strip()
        echo(
            f"keep      {self.name}/: {report['files']:,} files of {release}, because neither the"
            " project nor its data has changed since"
        )
        return Outcome(release=release, file=self.name)

    def _command(self, work: Path, part: int) -> list[str]:
        numbers = [str(part), str(PROCESSES)]
        return [str(self.project.python), str(CHILD), str(work), self.release, *numbers]

    def _write(self, work: Path, code: str, written: str) -> dict[str, Any]:
        """Write the files in parallel processes, and return their combined report.

        The processes write nothing if they find the digest of the last copy, WRITTEN.
        """

        def run(part: int) -> dict[str, Any]:
            output = shell.run([*self._command(work, part), code, written], self.project.root)
            report: dict[str, Any] = json.loads(output.strip().rpartition("\n")[2])
            return report

        try:
            with ThreadPoolExecutor(PROCESSES) as pool:
                reports = list(pool.map(run, range(PROCESSES)))
        except shell.CommandError as error:
            reason = error.output.strip().rpartition("\n")[2].removeprefix("error: ")
            raise BuildError(
                f"The dashboards could not be written: {reason}. Fix it in the development server.",
                hint="flaskdash serve",
            ) from error
        if len({report["digest"] for report in reports}) > 1:
            raise BuildError(
                "The data changed while the dashboards were being written. Run it again.",
                hint="flaskdash deploy",
            )
        return reports[0]

    def _check_folder(self) -> None:
        """Raise PreflightError if the folder has other files, which the new copy would replace."""
        if not self.folder.is_dir():
            return
        names = {path.name for path in self.folder.iterdir()} - set(PRESERVED)
        if names and not {".release", "up", "index.html"} <= names:
            raise PreflightError(
                f"{self.name} contains files that are not part of a static copy, so nothing was written."
                " Set another folder for the target in pyproject.toml.",
                hint=EXAMPLE,
            )

    def _print(self, echo: Echo, report: dict[str, Any]) -> None:
        size = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        echo(
            f"create    {self.name}/: {report['files']:,} files, {size / 1e6:.1f} MB:"
            f" {report['pages']} pages, {report['choices']:,} with all choices of filters"
        )
        for slug, reason in report["hidden"].items():
            echo(f"left out  {slug}: {reason} from visitors who have not signed in")
        for column, kind in report["filters"].items():
            echo(f"filter    {column}: {CHOICES_TEXT[kind]}")
        echo(
            f"\nNext, look at the copy, then upload the folder to a static host (docs/deploy-static.md):\n"
            f"  python -m http.server --directory {self.name} 8000\n"
        )


class StaticTarget(Target):
    """The dashboards as files; the host that serves them has its own releases and log."""

    settings = frozenset({"folder"})

    def plan(self) -> StaticFiles:
        root = self.project.root.resolve()
        folder = (root / self.place.settings.get("folder", DEFAULT)).resolve()
        if (
            folder == root
            or not folder.is_relative_to(root)
            or (folder / "pyproject.toml").exists()
        ):
            raise PreflightError(
                f"A static copy cannot be written to {folder}. Set a folder inside the project, for"
                " the copy alone, in pyproject.toml.",
                hint=EXAMPLE,
            )
        if folder.relative_to(root).parts[0] in PROJECT_FOLDERS:
            raise PreflightError(
                f"{folder} belongs to the project. Set another folder in pyproject.toml.",
                hint=EXAMPLE,
            )
        release = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        return StaticFiles(self.project, folder, release)

    def status(self) -> Status:
        """Return the release in the folder; the host that serves it is unknown."""
        plan = self.plan()
        try:
            release = (plan.folder / ".release").read_text("utf-8").strip()
        except OSError:
            return Status(facts={"folder": f"{plan.name}: not written yet"})
        return Status(release, (plan.folder / "index.html").as_uri(), True, {"folder": plan.name})


class Record:
    """What the last copy in a folder was made from, in dist/: private, and safe to delete."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = project
        self.folder = folder
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        self.file = project.root / "dist" / f".static-{name}.json"

    def read(self) -> dict[str, Any]:
        """Return the report of the last copy; empty if the folder does not have these files."""
        # The charts of a live database show what no file and no snapshot has.
        if (self.project.root / "app/engine/live.py").exists():
            return {}
        try:
            report = json.loads(self.file.read_text("utf-8"))
            is_whole = report["copy"] == self._copy()
        except (OSError, ValueError, TypeError, KeyError):
            return {}
        return dict(report) if is_whole else {}

    def write(self, report: Mapping[str, Any]) -> None:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(json.dumps({**report, "copy": self._copy()}), "utf-8")

    def code(self) -> str:
        """Return a digest of the project's files, its .env, and what turns them into a copy."""
        root = self.project.root.resolve()
        paths = {root / path for path in files.shipped(self.project)}
        paths |= {path for path in (root / "app").rglob("*") if "__pycache__" not in path.parts}
        paths |= {root / ".env", CHILD, CHILD.with_name("files.js")}
        used = [path for path in sorted(paths) if not path.is_relative_to(self.folder)]
        return _digest((str(path), path) for path in used if path.is_file())

    def _copy(self) -> str:
        """Return a digest of the files in the folder."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        names = [(path.relative_to(self.folder).as_posix(), path) for path in paths]
        return _digest((name, path) for name, path in names if name.split("/")[0] not in PRESERVED)


def _digest(named: Iterable[tuple[str, Path]]) -> str:
    """Return a digest of files and their names."""
    digest = hashlib.sha256()
    for name, path in named:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{name}\0{content}\0".encode())
    return digest.hexdigest()


def verify(folder: Path) -> None:
    """Raise BuildError if a page has an absolute path or a link to a file that does not exist.

    Absolute paths work only at the root of a host, and the copy may be below any path.
    """
    exists: dict[Path, bool] = {}
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
                    f"{page.relative_to(folder)} links to {address}, which works at the root of a host only."
                    " Use url_for() in the template."
                )
            if not exists.setdefault(file, file.is_file()):
                raise BuildError(
                    f"{page.relative_to(folder)} links to {path}, which does not exist. Correct the link."
                )


def pack(folder: Path) -> None:
    """Join the files of all choices of a page in few files, which files.js loads as scripts.

    A script can be loaded without a host, too. The digest of a choice tells which file has it.
    CSVs that are large stay as they are.
    """
    groups: dict[str, dict[str, Path]] = defaultdict(dict)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (match := CHOICE.fullmatch(name)) and not name.startswith(("static/", "404.")):
            groups[match["name"] + match["end"]][match["digest"] or ""] = path
    counts = {}
    for name, choices in groups.items():
        size = sum(path.stat().st_size for path in choices.values())
        if name.endswith(".csv") and size > PACKED_SIZE // 2 * len(choices):
            continue
        counts[name] = count = min(len(choices), size // PACKED_SIZE + 1)
        texts: list[dict[str, str]] = [{} for _ in range(count)]
        for digest, path in choices.items():
            texts[int(digest[:8] or "0", 16) % count][digest] = path.read_bytes().decode("utf-8")
            if digest:
                path.unlink()
        for number, part in enumerate(texts):
            script = f"addChoices({json.dumps(name)}, {json.dumps(part, ensure_ascii=False)});\n"
            (folder / f"{name}.{number}.js").write_text(script, "utf-8", newline="\n")
    script_file = folder / "static/files.js"
    script = script_file.read_text("utf-8")
    script = script.replace("COUNTS = {}", f"COUNTS = {json.dumps(counts)}", 1)
    script_file.write_text(script, "utf-8", newline="\n")


@contextmanager
def _work(folder: Path) -> Iterator[Path]:
    """Provide a folder beside the target folder, and remove it at the end unless it was moved."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # The deploy holds a lock, so such a folder is left from a deploy that was killed.
        for stale in folder.parent.glob(f"{WORK}*"):
            _recover(stale / "old", folder)
            shutil.rmtree(stale, ignore_errors=True)
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=WORK, ignore_cleanup_errors=True
        ) as work:
            yield Path(work) / "files"
    except OSError as error:
        raise BuildError(
            f"{error.filename or folder}: {error.strerror or error}. {folder.name} is unchanged."
        ) from error


def _replace(work: Path, folder: Path) -> None:
    """Rename the new folder to the old one's name, and move the preserved files into it."""
    old = work.parent / "old"
    if folder.is_dir():
        folder.rename(old)
    try:
        work.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    _move_preserved(old, folder)


def _move_preserved(old: Path, folder: Path) -> None:
    for name in PRESERVED:
        if (old / name).exists():
            (old / name).rename(folder / name)


def _recover(old: Path, folder: Path) -> None:
    """Restore the old folder, or its preserved files, if a deploy was killed between two renames."""
    if old.is_dir() and not folder.exists():
        old.rename(folder)
    elif old.is_dir():
        _move_preserved(old, folder)


TARGET = StaticTarget
