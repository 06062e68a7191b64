"""Rules about git: what it holds and must not, and what it has to ignore."""

from __future__ import annotations

from collections.abc import Iterator
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
MOST_COMMITS = 50  # in which an .env was changed


def git(project: Project) -> Iterator[Finding]:
    """Find a .gitignore that lets too much in, an environment that is in git, secrets of its past."""
    tracked = files.tracked(project)
    if not (project.root / ".gitignore").is_file():
        yield Finding(
            "there is no .gitignore: the next `git add .` takes .env and its secrets",
            "flaskdash check --fix, which writes one",
        )
    elif missing := _not_ignored(project):
        yield Finding(
            f".gitignore does not name {', '.join(missing)}",
            "flaskdash check --fix, which adds it",
        )
    homes = {path.parent for path in tracked or () if path.name == "pyvenv.cfg"}
    homes |= {
        PurePosixPath(*path.parts[: path.parts.index("site-packages")]).parent.parent
        for path in tracked or ()
        if "site-packages" in path.parts
    }
    for home in sorted(homes):
        yield Finding(
            f"the environment {home}/ is in git; platforms refuse that",
            f"git rm -r -q --cached {home}, and a line {home}/ in .gitignore",
        )
    for path in sorted(tracked or ()):
        if files.CREDENTIALS.fullmatch(
            path.name.lower()
        ) or not files.CREDENTIAL_FOLDERS.isdisjoint(path.parts):
            yield Finding(
                f"{path} is in git, and such files hold passwords or keys",
                f"git rm --cached {path}, and change what it holds",
            )
    if tracked is not None:
        yield from _past(project)


def ignore(project: Project) -> Iterator[str]:
    """Write the lines that .gitignore lacks."""
    file = project.root / ".gitignore"
    exists = file.is_file()
    if missing := _not_ignored(project) if exists else [*IGNORED, "__pycache__/"]:
        before = file.read_text("utf-8") if exists else ""
        gap = "\n" if before and not before.endswith("\n") else ""
        file.write_text(before + gap + "".join(f"{line}\n" for line in missing), "utf-8")
        yield f".gitignore: {', '.join(missing)}"


def _not_ignored(project: Project) -> list[str]:
    """Return the lines that are missing; where there is no git, those that aren't there word by word."""
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


def _past(project: Project) -> Iterator[Finding]:
    """Find today's secrets in an .env that was in git once: a clone still has it."""
    secrets = leaks.project_secrets(project)
    if not secrets:
        return
    listed = ["--all", f"--max-count={MOST_COMMITS}", "--format=%H", "--diff-filter=AM"]
    try:
        commits = shell.run(["git", "log", *listed, "--", ".env", ".env.*"], cwd=project.root)
        told = set()
        for commit in commits.split():
            shown = shell.run(
                ["git", "show", "--format=", commit, "--", ".env", ".env.*"], cwd=project.root
            )
            for name in sorted(secrets):
                if name not in told and secrets[name] in shown:
                    told.add(name)
                    yield Finding(
                        f"the value of {name} is in git's history ({commit[:7]})",
                        "change the secret: taking it out of the history does not reach clones",
                    )
    except FlaskdashError:
        return  # no commit yet
