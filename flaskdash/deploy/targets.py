"""The targets by name, as a project's pyproject.toml remembers them."""

from __future__ import annotations

import importlib
import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flaskdash.deploy.target import Outcome, Place, Plan, Target
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo
from flaskdash.project import Project, environment
from flaskdash.ship.errors import BuildError, DeployError, PreflightError

FIRST = "production"
DEFAULT = "bundle"

# A kind of target is a module below this package with a class TARGET. What stands before :// in an
# address is its kind; one that needs no address goes by its name.
KINDS: Mapping[str, str] = {
    "bundle": "a tar.gz that starts on any Linux or macOS, offline",
    "static": "the dashboards as files, for any host of files",
    "ssh": "ssh://USER@HOST: a server of your own, with Linux and systemd",
    "docker": "a container, on this machine or the one that DOCKER_HOST names",
    "kubernetes": "the same image in a registry, and the manifests; kubectl applies them",
    "heroku": "an app at Heroku: heroku://APP",
    "git": "a server that takes git push, such as Dokku: git+ssh://dokku@HOST/APP",
    "fly": "Fly: fly.toml is written, and what to run next is printed",
    "render": "Render: render.yaml, likewise",
    "kamal": "Kamal: config/deploy.yml, likewise",
    "cloudrun": "Cloud Run: service.yaml, likewise; cloudrun://REGION-docker.pkg.dev/PROJECT/REPOSITORY",
}

# Kinds whose module does not stand directly in this package under their name.
MODULES: Mapping[str, str] = {
    "kubernetes": "platforms.kubernetes",
    "fly": "platforms.fly",
    "render": "platforms.render_com",
    "kamal": "platforms.kamal",
    "cloudrun": "platforms.cloudrun",
}


@dataclass(frozen=True)
class Choice:
    """A target, the name that the project has for it, and whether that is to be remembered."""

    name: str
    place: Place
    is_new: bool = False


def choose(
    project: Project,
    said: str | None = None,
    ask: Callable[[], str] | None = None,
    *,
    name: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> Choice:
    """Return the target: the one that was said, else the remembered one, else the answer, else the bundle.

    What is said is an address, or a name that pyproject.toml has. It is new where the project does
    not remember it like this.
    """
    kept = remembered(project)
    given = dict(settings or {})
    if said is None and kept:
        said = name or (FIRST if FIRST in kept else next(iter(kept)))
    if said in kept:
        place = kept[said]
        wanted = Place(place.kind, place.address, {**place.settings, **given})
        return Choice(said, _known(wanted), is_new=wanted != place)
    chosen = said or (ask() if ask else None)
    place = _known(parse(chosen or DEFAULT, given))
    same = next((key for key, one in kept.items() if one.address == place.address), None)
    if same and name in (None, same):
        return choose(project, same, name=name, settings=settings)
    is_new = chosen is not None and (name is not None or not kept)
    return Choice(name or FIRST, place, is_new)


def live(project: Project, said: str | None) -> Target:
    """Return the target that was named, or the remembered one, to look at or to go back on."""
    if said is None and not remembered(project):
        raise FlaskdashError(
            "this project has no target yet",
            hint="flaskdash deploy TARGET, such as ssh://me@server",
        )
    return target(project, choose(project, said).place)


def target(project: Project, place: Place) -> Target:
    """Return the target at a place."""
    module = importlib.import_module(f"flaskdash.deploy.{MODULES.get(place.kind, place.kind)}")
    kind: type[Target] = module.TARGET
    if odd := sorted(set(place.settings) - kind.settings):
        raise FlaskdashError(f"{kind.what} takes no {odd[0]}", hint="flaskdash deploy --help")
    return kind(project, place)


def parse(said: str, settings: Mapping[str, str]) -> Place:
    """Return the place of an address such as ssh://deploy@example.org, or of a kind's bare name."""
    found = re.match(r"([a-z]+)(\+[a-z]+)?://.", said)
    return Place(found[1] if found else said, said, settings)


def remembered(project: Project) -> dict[str, Place]:
    """Return the targets in [tool.flaskdash.targets] by name: an address, or a table with settings."""
    text = (project.root / "pyproject.toml").read_text("utf-8")
    table = tomllib.loads(text)["tool"]["flaskdash"].get("targets", {})
    if not isinstance(table, dict):
        raise FlaskdashError(
            "targets in pyproject.toml is not a table",
            hint=f'[tool.flaskdash.targets] and below it {FIRST} = "{DEFAULT}"',
        )
    return {str(name): _place(str(name), value) for name, value in table.items()}


def remember(project: Project, choice: Choice, echo: Echo) -> None:
    """Write the target into pyproject.toml by its name, and say so; keep all else there."""
    import tomlkit

    file = project.root / "pyproject.toml"
    was_fresh = environment.is_fresh(project.root)
    text = file.read_bytes().decode("utf-8")
    end = "\r\n" if "\r\n" in text else "\n"
    document = tomlkit.parse(text.replace("\r\n", "\n"))
    table = document["tool"]["flaskdash"].setdefault("targets", tomlkit.table())
    is_first = not len(table)
    value: Any = choice.place.address
    if choice.place.settings:
        value = tomlkit.inline_table()
        value.update({"address": choice.place.address, **choice.place.settings})
    table[choice.name] = value
    if is_first:
        table.add(tomlkit.nl())  # before the table that comes after
    _replace(file, tomlkit.dumps(document).rstrip("\n") + "\n", end)
    if was_fresh:  # what the environment is made from has not changed
        environment.stamp(project.root)
    shown = tomlkit.item(value).as_string()
    again = "" if choice.name == FIRST else f" {choice.name}"
    echo(f"remember  {choice.name} = {shown} in pyproject.toml, for `flaskdash deploy{again}`")


@contextmanager
def alone(project: Project) -> Iterator[None]:
    """Keep other deploys of the project off; a process that dies keeps nothing."""
    from filelock import FileLock, Timeout

    dist = project.root / "dist"
    dist.mkdir(exist_ok=True)
    try:
        with FileLock(dist / ".deploy.lock", blocking=False):
            yield
    except Timeout as error:
        raise PreflightError(
            "another deploy of this project is under way; nothing was built",
            hint="flaskdash deploy, when that one has ended",
        ) from error


def deploy(plan: Plan, echo: Echo) -> Outcome:
    """Run a plan whose preflight has passed; a failure that says no more has exit code 3."""
    try:
        return plan.run(echo)
    except DeployError:
        raise
    except FlaskdashError as error:
        raise BuildError(error.message, error.hint) from error


def _place(name: str, value: object) -> Place:
    if isinstance(value, str):
        return parse(value, {})
    if isinstance(value, dict) and isinstance(value.get("address"), str):
        settings = {key: str(one) for key, one in value.items() if key != "address"}
        return parse(value["address"], settings)
    raise FlaskdashError(
        f"the target {name!r} in pyproject.toml is neither an address nor a table with one",
        hint=f'{name} = "ssh://deploy@example.org" or {name} = {{ address = "...", port = 8000 }}',
    )


def _known(place: Place) -> Place:
    if place.kind not in KINDS:
        raise FlaskdashError(f"no target {place.kind!r}", hint=f"one of: {', '.join(KINDS)}")
    return place


def _replace(file: Path, text: str, end: str) -> None:
    """Replace a file by one rename, so that it is never half-written."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline=end) as out:
            out.write(text)
        Path(name).chmod(file.stat().st_mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
