"""Rules about git: files that it must not contain, and files that it must ignore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from flaskdash import shell
from flaskdash.check.rule import Finding
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project
from flaskdash.ship import files, leaks

IGNORED = {
    ".env": ".env",
    ".venv/": ".venv/pyvenv.cfg",
    "instance/": "instance/x",
    "dist/": "dist/x",
}
MAX_COMMITS = 50  # that changed an .env


def git(project: Project) -> Iterator[Finding]:
    """Find gaps in .gitignore, environments and credentials in git, and secrets in its history."""
    tracked = files.tracked(project)
    if not (project.root / ".gitignore").is_file():
        yield Finding(
            "there is no .gitignore, so the next `git add .` adds .env with its secrets",
            "flaskdash check --fix (it writes one)",
        )
    elif missing := _not_ignored(project):
        yield Finding(
            f".gitignore does not list {', '.join(missing)}",
            "flaskdash check --fix (it adds the lines)",
        )
    for home in sorted(_environments(tracked or ())):
        yield Finding(
            f"the environment {home}/ is in git, which platforms refuse",
            f"git rm -r -q --cached {home} (and add {home}/ to .gitignore)",
        )
    for path in sorted(tracked or ()):
        in_private_folder = not files.CREDENTIAL_FOLDERS.isdisjoint(path.parts)
        if in_private_folder or files.CREDENTIALS.fullmatch(path.name.lower()):
            yield Finding(
                f"{path} is in git, and such files contain passwords or keys",
                f"git rm --cached {path} (and change the passwords and keys)",
            )
    if tracked is not None:
        yield from _secrets_in_history(project)


def _environments(paths: Iterable[PurePosixPath]) -> set[PurePosixPath]:
    """Return the folders of Python environments that contain some of the paths."""
    homes = set()
    for path in paths:
        if path.name == "pyvenv.cfg":
            homes.add(path.parent)
        if "site-packages" in path.parts:  # of HOME/lib/python3.12/site-packages
            lib = PurePosixPath(*path.parts[: path.parts.index("site-packages")])
            homes.add(lib.parent.parent)
    return homes


def ignore(project: Project) -> Iterator[str]:
    """Add the missing lines to .gitignore."""
    file = project.root / ".gitignore"
    exists = file.is_file()
    if missing := _not_ignored(project) if exists else [*IGNORED, "__pycache__/"]:
        before = file.read_text("utf-8") if exists else ""
        gap = "\n" if before and not before.endswith("\n") else ""
        file.write_text(before + gap + "".join(f"{line}\n" for line in missing), "utf-8")
        yield f".gitignore: {', '.join(missing)}"


def _not_ignored(project: Project) -> list[str]:
    """Return the paths that git does not ignore; without git, those missing from .gitignore."""
    if files.tracked(project) is None:
        text = (project.root / ".gitignore").read_text("utf-8", "replace")
        lines = {line.strip().strip("/") for line in text.splitlines()}
        return [line for line in IGNORED if line.strip("/") not in lines]
    return [line for line, path in IGNORED.items() if not _ignores(project, path)]


def _ignores(project: Project, path: str) -> bool:
    try:
        shell.run(["git", "check-ignore", "--quiet", "--no-index", path], cwd=project.root)
    except shell.CommandError:
        return False
    return True


def _secrets_in_history(project: Project) -> Iterator[Finding]:
    """Find current secrets in an .env that git's history, and so each clone, contains."""
    secrets = leaks.project_secrets(project)
    if not secrets:
        return
    options = ["--all", f"--max-count={MAX_COMMITS}", "--format=%H", "--diff-filter=AM"]
    try:
        commits = shell.run(["git", "log", *options, "--", ".env", ".env.*"], cwd=project.root)
        reported = set()
        for commit in commits.split():
            diff = shell.run(
                ["git", "show", "--format=", commit, "--", ".env", ".env.*"], cwd=project.root
            )
            for name in sorted(secrets):
                if name not in reported and secrets[name] in diff:
                    reported.add(name)
                    yield Finding(
                        f"the value of {name} is in git's history ({commit[:7]})",
                        "Change the secret: clones keep it, even if you rewrite the history",
                    )
    except FlaskdashError:
        return  # there are no commits
