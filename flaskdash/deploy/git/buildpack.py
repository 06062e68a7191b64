"""Preflight rules for Heroku-style buildpacks.

They report what the build would reject, or treat differently from a local run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flaskdash.check.rule import Finding, Rule
from flaskdash.project import Project
from flaskdash.serve.prod import web_command
from flaskdash.ship import files, lockfile
from flaskdash.ship.machine import Machine

LOCKS = ("requirements.txt", "Pipfile", "Pipfile.lock", "poetry.lock")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MEGABYTE = 1_000_000
SLUG_LIMIT = 500 * MEGABYTE
PYTHON_SIZE = 60 * MEGABYTE  # compressed
GUNICORN = 'Procfile: web: gunicorn "app:create_app()"'


def check_locks(project: Project) -> Iterator[Finding]:
    """Report locks and requirements beside uv.lock: the build accepts exactly one."""
    for name in LOCKS:
        if (project.root / name).exists():
            yield Finding(f"{name} is at the root, beside uv.lock", f"rm {name}")


def check_python_version(project: Project) -> Iterator[Finding]:
    """Report a .python-version that is missing, unreadable, or not offered by the build."""
    file = project.root / ".python-version"
    fix = "echo 3.13 > .python-version"
    if not file.is_file():
        yield Finding(".python-version does not exist", fix)
        return
    lines = [line.strip() for line in file.read_text("utf-8", "replace").splitlines()]
    versions = [line for line in lines if line and not line.startswith("#")]
    if len(versions) != 1 or not re.fullmatch(r"\d+\.\d+(\.\d+)?", versions[0]):
        content = " and ".join(versions) or "nothing"
        yield Finding(f".python-version contains {content}, not one plain version", fix)
    elif ".".join(versions[0].split(".")[:2]) not in PYTHONS:
        offered = ", ".join(PYTHONS)
        yield Finding(
            f"the build does not offer Python {versions[0]}, only {offered}: .python-version", fix
        )


def check_runtime(project: Project) -> Iterator[Finding]:
    """Report a runtime.txt, which overrides .python-version."""
    if (project.root / "runtime.txt").exists():
        yield Finding("runtime.txt is deprecated, and overrides .python-version", "rm runtime.txt")


def check_web(project: Project) -> Iterator[Finding]:
    """Report a web command that ignores $PORT, or that fixes the number of its workers."""
    command = web_command(project)
    config = project.root / "gunicorn.conf.py"
    text = config.read_text("utf-8", "replace") if config.is_file() else ""
    yield from _check_workers(command, text)
    yield from _check_port(command, text)
    if re.search(r"\bflask\b.*\brun\b", command):
        yield Finding("the web command starts the development server", GUNICORN)


def _check_workers(command: str, config: str) -> Iterator[Finding]:
    if re.search(r"\s(-w|--workers)[\s=]?\s*\d", command) or re.search(
        r"^\s*workers\s*=\s*\d", config, re.MULTILINE
    ):
        yield Finding(
            "the web command or gunicorn.conf.py fixes the number of workers, and the platform's"
            " WEB_CONCURRENCY has no effect",
            GUNICORN,
        )


def _check_port(command: str, config: str) -> Iterator[Finding]:
    flags = "-b|--bind" if "gunicorn" in command else "--bind|--host|--listen|--port|-p"
    addresses = re.findall(rf"\s(?:{flags})[\s=]?\s*(\S+)", command)
    addresses += re.findall(r"^\s*bind\s*=\s*(.+)$", config, re.MULTILINE)
    if addresses and not any("PORT" in address for address in addresses):
        yield Finding(
            f"the web command listens on {addresses[0]}, not on the platform's $PORT."
            " gunicorn listens on $PORT by default",
            GUNICORN,
        )
    elif "gunicorn" not in command and "PORT" not in command:
        yield Finding("the web command does not use $PORT", GUNICORN)


def check_slug(project: Project) -> Iterator[Finding]:
    """Estimate the size of the build; fail above 500 MB, and note more than half of that."""
    shipped = sum((project.root / path).stat().st_size for path in files.shipped(project))
    size = shipped + wheels_size(project) + PYTHON_SIZE
    limit = SLUG_LIMIT // MEGABYTE
    estimate = f"about {size // MEGABYTE} MB, including {shipped // MEGABYTE} MB of files"
    if size > SLUG_LIMIT:
        yield Finding(
            f"the slug would have {estimate}, and the limit is {limit} MB. Keep large data in a"
            " database, or at a URL that a loader reads",
            "flaskdash add-data --help",
        )
    elif size > SLUG_LIMIT // 2:
        yield Finding(f"the slug will have {estimate}, and the limit is {limit} MB", is_note=True)


BUILDPACK = (
    Rule("one-lock", "uv.lock is the only lock at the root", check_locks),
    Rule(
        "python", ".python-version is a plain version that the build offers", check_python_version
    ),
    Rule("runtime-txt", "runtime.txt does not exist", check_runtime),
    Rule("web", "the web command listens on $PORT and does not fix its workers", check_web),
    Rule("slug", "the slug is estimated to fit in 500 MB", check_slug),
)


def wheels_size(project: Project) -> int:
    """Return the bytes of the wheels that a Linux server installs, as far as uv.lock tells."""
    from packaging.tags import Tag
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    machine = Machine(_python(project), "manylinux_2_28_x86_64")
    platforms = {"any", *machine.platforms()}
    interpreters = {"py3", "py2.py3", f"cp{machine.python.replace('.', '')}"}

    def fits(tag: Tag) -> bool:
        runs = tag.interpreter in interpreters or tag.abi == "abi3"
        return runs and tag.platform in platforms

    packages = {str(package["name"]): package for package in lockfile.packages(project.root)}
    total = 0
    for name in _dependency_closure(packages, lockfile.main_dependencies(project.root)):
        sizes = [0]
        for wheel in packages.get(name, {}).get("wheels", []):
            try:
                _, _, _, tags = parse_wheel_filename(str(wheel["url"]).rpartition("/")[2])
            except InvalidWheelFilename:
                continue
            if any(fits(tag) for tag in tags):
                sizes.append(int(wheel.get("size", 0)))
        total += max(sizes)
    return total


def _python(project: Project) -> str:
    file = project.root / ".python-version"
    text = file.read_text("utf-8", "replace") if file.is_file() else ""
    version = re.search(r"\d+\.\d+", text)
    return version[0] if version else PYTHONS[0]


def _dependency_closure(packages: dict[str, dict[str, Any]], roots: set[str]) -> set[str]:
    """Return the names of ROOTS and of everything that they depend on, as uv.lock records it."""
    names: set[str] = set()
    pending = set(roots)
    while pending:
        name = pending.pop()
        names.add(name)
        dependencies = packages.get(name, {}).get("dependencies", [])
        pending |= {str(dependency["name"]) for dependency in dependencies} - names
    return names
