"""What the buildpack of Heroku and of its kin refuses, or does otherwise than one thinks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flaskdash.check.rule import Finding, Rule
from flaskdash.project import Project
from flaskdash.serve.prod import web_command
from flaskdash.ship import files, lockfile
from flaskdash.ship.machine import Machine

LOCKS = ("requirements.txt", "Pipfile", "Pipfile.lock", "poetry.lock")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MEGABYTE = 1_000_000
MOST = 500 * MEGABYTE
PYTHON = 60 * MEGABYTE  # Python itself, packed


def locks(project: Project) -> Iterator[Finding]:
    """Find locks and lists of packages beside uv.lock: the build takes exactly one."""
    for name in LOCKS:
        if (project.root / name).exists():
            yield Finding(f"{name} is at the root, beside uv.lock", f"delete {name}")


def python_version(project: Project) -> Iterator[Finding]:
    """Find a .python-version that the build can't read, or a Python that it does not have."""
    file = project.root / ".python-version"
    fix = "a .python-version with a line such as 3.13"
    if not file.is_file():
        yield Finding("there is no .python-version", fix)
        return
    lines = [line.strip() for line in file.read_text("utf-8", "replace").splitlines()]
    wanted = [line for line in lines if line and not line.startswith("#")]
    if len(wanted) != 1 or not re.fullmatch(r"\d+\.\d+(\.\d+)?", wanted[0]):
        yield Finding(f".python-version says {' and '.join(wanted) or 'nothing'}", fix)
    elif ".".join(wanted[0].split(".")[:2]) not in PYTHONS:
        yield Finding(f"there is no Python {wanted[0]} there", f"one of {', '.join(PYTHONS)}")


def runtime(project: Project) -> Iterator[Finding]:
    """Find a runtime.txt, which goes before .python-version."""
    if (project.root / "runtime.txt").exists():
        yield Finding("runtime.txt goes before .python-version, and is deprecated", "delete it")


def web(project: Project) -> Iterator[Finding]:
    """Find a web command that does not listen where it is told, or that sets its own workers."""
    command = web_command(project)
    config = project.root / "gunicorn.conf.py"
    text = config.read_text("utf-8", "replace") if config.is_file() else ""
    if re.search(r"\s(-w|--workers)[\s=]?\s*\d", command) or re.search(
        r"^\s*workers\s*=\s*\d", text, re.MULTILINE
    ):
        yield Finding(
            "the number of workers is fixed", "take it out: the platform sets WEB_CONCURRENCY"
        )
    flags = "-b|--bind" if "gunicorn" in command else "--bind|--host|--listen|--port|-p"
    bound = re.findall(rf"\s(?:{flags})[\s=]?\s*(\S+)", command)
    bound += re.findall(r"^\s*bind\s*=\s*(.+)$", text, re.MULTILINE)
    if bound and not any("PORT" in where for where in bound):
        yield Finding(
            f"the web command listens on {bound[0]}, and the platform says $PORT",
            "take that out: gunicorn listens on $PORT by itself",
        )
    elif "gunicorn" not in command and "PORT" not in command:
        yield Finding("the web command does not say $PORT", 'web: gunicorn "app:create_app()"')
    if re.search(r"\bflask\b.*\brun\b", command):
        yield Finding(
            "the web command is the development server", 'web: gunicorn "app:create_app()"'
        )


def slug(project: Project) -> Iterator[Finding]:
    """Estimate the size of what is built; find more than 500 MB, and note it where it is much."""
    shipped = sum((project.root / path).stat().st_size for path in files.shipped(project))
    size = shipped + wheels_size(project) + PYTHON
    said = f"it comes to about {size // MEGABYTE} MB ({shipped // MEGABYTE} MB of them are files)"
    if size > MOST:
        yield Finding(
            f"{said}, and a slug has at most {MOST // MEGABYTE} MB",
            "keep large data elsewhere: a database, or a URL that a loader reads",
        )
    elif size > MOST // 2:
        yield Finding(f"{said} of {MOST // MEGABYTE} MB", is_note=True)


BUILDPACK = (
    Rule("one-lock", "uv.lock is the one lock at the root", locks),
    Rule("python", ".python-version is a plain version that the build has", python_version),
    Rule("runtime-txt", "there is no runtime.txt", runtime),
    Rule("web", "the web command listens on $PORT, with no workers of its own", web),
    Rule("slug", "it fits in 500 MB, by estimate", slug),
)


def wheels_size(project: Project) -> int:
    """Return the bytes of the wheels that a Linux server takes, as far as uv.lock has them."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    file = project.root / ".python-version"
    found = re.search(r"\d+\.\d+", file.read_text("utf-8", "replace")) if file.is_file() else None
    wanted = Machine(found[0] if found else PYTHONS[0], "manylinux_2_28_x86_64")
    platforms = {"any", *wanted.platforms()}
    interpreters = {"py3", "py2.py3", f"cp{wanted.python.replace('.', '')}"}
    packages = {str(one["name"]): one for one in lockfile.packages(project.root)}
    size = 0
    for name in _needed(packages, lockfile.main_dependencies(project.root)):
        sizes = [0]
        for wheel in packages.get(name, {}).get("wheels", []):
            try:
                _, _, _, tags = parse_wheel_filename(str(wheel["url"]).rpartition("/")[2])
            except InvalidWheelFilename:
                continue
            fits = any(
                t.platform in platforms and _runs(t.interpreter, t.abi, interpreters) for t in tags
            )
            sizes.append(int(wheel.get("size", 0)) if fits else 0)
        size += max(sizes)
    return size


def _runs(interpreter: str, abi: str, interpreters: set[str]) -> bool:
    return interpreter in interpreters or abi == "abi3"


def _needed(packages: dict[str, dict[str, object]], first: set[str]) -> set[str]:
    """Return the names of all that some packages need, as uv.lock says."""
    found: set[str] = set()
    rest = set(first)
    while rest:
        name = rest.pop()
        found.add(name)
        more = packages.get(name, {}).get("dependencies", [])
        if isinstance(more, list):
            rest |= {str(one["name"]) for one in more} - found
    return found
