"""The kinds of targets, and the targets that a project's pyproject.toml remembers by name."""

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

from flaskdash.deploy.target import DeployPlan, EarlyPlan, Outcome, Place, Target
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo
from flaskdash.project import Project, environment
from flaskdash.ship.errors import BuildError, DeployError, PreflightError

DEFAULT_NAME = "production"
DEFAULT_KIND = "bundle"

# A kind of target is a module below this package with a class TARGET. The part of an address
# before :// is its kind; a kind that needs no address is chosen by its name alone.
KINDS: Mapping[str, str] = {
    "bundle": "a tar.gz that starts on any Linux or macOS, offline",
    "static": "the dashboards as files, for any static web host",
    "ssh": "ssh://USER@HOST: a server of your own, with Linux and systemd",
    "docker": "a container, on this machine or on DOCKER_HOST",
    "kubernetes": "an image in a registry, and manifests for kubectl to apply",
    "heroku": "heroku://APP: an app on Heroku",
    "git": "git+ssh://dokku@HOST/APP: a server that deploys on git push, such as Dokku",
    "fly": "Fly: writes fly.toml and prints the next commands",
    "render": "Render: writes render.yaml and prints the next commands",
    "kamal": "Kamal: writes config/deploy.yml and prints the next commands",
    "cloudrun": "cloudrun://REGION-docker.pkg.dev/PROJECT/REPOSITORY: Cloud Run, with service.yaml",
}

# Kinds whose module is not a child of this package with the same name.
MODULES: Mapping[str, str] = {
    "kubernetes": "platforms.kubernetes",
    "fly": "platforms.fly",
    "render": "platforms.render_com",
    "kamal": "platforms.kamal",
    "cloudrun": "platforms.cloudrun",
}


@dataclass(frozen=True)
class Choice:
    """The chosen target; if `is_new`, pyproject.toml does not have it yet in this form."""

    name: str
    place: Place
    is_new: bool = False


def choose(
    project: Project,
    requested: str | None = None,
    ask: Callable[[], str] | None = None,
    *,
    name: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> Choice:
    """Return the requested target, else the remembered one, else the answer of `ask`, else a bundle.

    REQUESTED is an address, or the name of a target in pyproject.toml.
    """
    targets = remembered(project)
    overrides = dict(settings or {})
    if name is not None and not re.fullmatch(r"\w[\w.-]*", name):
        raise FlaskdashError(
            f"{name!r} cannot be the name of a target. Use letters, digits, hyphens and dots.",
            hint="--name production",
        )
    if requested is None and targets:
        requested = name or (DEFAULT_NAME if DEFAULT_NAME in targets else next(iter(targets)))
    if requested in targets:
        place = targets[requested]
        merged = Place(place.kind, place.address, {**place.settings, **overrides})
        return Choice(requested, _check_kind(merged), is_new=merged != place)
    address = requested or (ask() if ask else None)
    place = _check_kind(parse(address or DEFAULT_KIND, overrides))
    names = (key for key, target in targets.items() if target.address == place.address)
    known_name = next(names, None)
    if known_name and name in (None, known_name):
        return choose(project, known_name, name=name, settings=settings)
    is_new = address is not None and (name is not None or not targets)
    return Choice(name or DEFAULT_NAME, place, is_new)


def current(project: Project, requested: str | None) -> Target:
    """Return the requested target or the remembered one; raise FlaskdashError if there is none."""
    if requested is None and not remembered(project):
        raise FlaskdashError(
            "This project has not been deployed yet, so it has no target",
            hint="flaskdash deploy ssh://me@example.org",
        )
    return target(project, choose(project, requested).place)


def target(project: Project, place: Place) -> Target:
    """Load the kind of target that PLACE names; raise FlaskdashError for an unknown setting."""
    module = importlib.import_module(f"flaskdash.deploy.{MODULES.get(place.kind, place.kind)}")
    kind: type[Target] = module.TARGET
    unknown = sorted(set(place.settings) - kind.settings)
    if unknown:
        raise FlaskdashError(
            f"The target {place.address} does not have the setting {unknown[0]!r}",
            hint="flaskdash deploy --help",
        )
    return kind(project, place)


def parse(address: str, settings: Mapping[str, str]) -> Place:
    """Parse an address such as ssh://deploy@example.org, or the bare name of a kind.

    deploy@example.org, as people write it for ssh itself, is that address, too.
    """
    if re.fullmatch(r"[^\s/:@]+@[^\s/:@]+(:\d+)?", address):
        address = f"ssh://{address}"
    match = re.match(r"([a-z]+)(\+[a-z]+)?://.", address)
    return Place(match[1] if match else address, address, settings)


def remembered(project: Project) -> dict[str, Place]:
    """Read [tool.flaskdash.targets]: each value is an address, or a table with settings."""
    text = (project.root / "pyproject.toml").read_text("utf-8")
    table = tomllib.loads(text)["tool"]["flaskdash"].get("targets", {})
    if not isinstance(table, dict):
        raise FlaskdashError(
            "`targets` in pyproject.toml is not a table. Write [tool.flaskdash.targets], and below"
            f' it a line such as {DEFAULT_NAME} = "{DEFAULT_KIND}".'
        )
    return {str(name): _parse_entry(str(name), value) for name, value in table.items()}


def remember(project: Project, choice: Choice, echo: Echo) -> None:
    """Add the target to pyproject.toml, preserving its comments and formatting."""
    import tomlkit

    file = project.root / "pyproject.toml"
    was_fresh = environment.is_fresh(project.root)
    text = file.read_bytes().decode("utf-8")
    newline = "\r\n" if "\r\n" in text else "\n"
    document = tomlkit.parse(text.replace("\r\n", "\n"))
    table = document["tool"]["flaskdash"].setdefault("targets", tomlkit.table())
    is_first = not len(table)
    value: Any = choice.place.address
    if choice.place.settings:
        value = tomlkit.inline_table()
        value.update({"address": choice.place.address, **choice.place.settings})
    table[choice.name] = value
    if is_first:
        table.add(tomlkit.nl())  # separates it from the table that follows
    _replace(file, tomlkit.dumps(document).rstrip("\n") + "\n", newline)
    if was_fresh:  # the dependencies have not changed, so the environment is still up to date
        environment.stamp(project.root)
    toml = tomlkit.item(value).as_string()
    argument = "" if choice.name == DEFAULT_NAME else f" {choice.name}"
    echo(f"remember  {choice.name} = {toml} in pyproject.toml, for `flaskdash deploy{argument}`")


@contextmanager
def exclusive(project: Project) -> Iterator[None]:
    """Lock the project against concurrent deploys; the lock ends with the process."""
    from filelock import FileLock, Timeout

    dist = project.root / "dist"
    dist.mkdir(exist_ok=True)
    try:
        with FileLock(dist / ".deploy.lock", blocking=False):
            yield
    except Timeout as error:
        raise PreflightError(
            "Another deploy of this project is running, so nothing was built. Wait until it ends.",
            hint="flaskdash deploy",
        ) from error


def deploy(plan: DeployPlan, echo: Echo, passed: Callable[[], None]) -> Outcome:
    """Run a plan when `passed` has returned, or earlier if the plan calls that itself.

    `passed` waits for the preflight. Unclassified failures get exit code 3.
    """
    try:
        if isinstance(plan, EarlyPlan):
            return plan.run_early(echo, passed)
        passed()
        return plan.run(echo)
    except DeployError:
        raise
    except FlaskdashError as error:
        raise BuildError(error.message, error.hint) from error


def _parse_entry(name: str, value: object) -> Place:
    if isinstance(value, str):
        return parse(value, {})
    if isinstance(value, dict) and isinstance(value.get("address"), str):
        settings = {key: str(setting) for key, setting in value.items() if key != "address"}
        return parse(value["address"], settings)
    raise FlaskdashError(
        f"The target {name!r} in pyproject.toml is neither an address nor a table with an address."
        f' Write {name} = "ssh://deploy@example.org",'
        f' or {name} = {{ address = "ssh://deploy@example.org", port = 8000 }}.'
    )


def _check_kind(place: Place) -> Place:
    if place.kind not in KINDS:
        raise FlaskdashError(
            f"Unknown target {place.kind!r}. Use one of: {', '.join(KINDS)}",
            hint="flaskdash deploy --help",
        )
    return place


def _replace(file: Path, text: str, newline: str) -> None:
    """Replace a file by a rename, so that a reader never sees a half-written one."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline=newline) as output:
            output.write(text)
        Path(name).chmod(file.stat().st_mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
