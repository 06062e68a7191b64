"""The wheelhouse: every locked requirement as a wheel that fits a machine, checked by its hash."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.ship.machine import Machine


def download(machine: Machine, requirements: Path, into: Path, *flags: str) -> list[str]:
    """Return the command that puts the requirements' wheels into a folder."""
    platforms = [word for tag in machine.platforms() for word in ("--platform", tag)]
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--require-hashes", "--only-binary", ":all:", "--no-deps"),
        *("--implementation", "cp", "--python-version", machine.python, *platforms),
        *flags,
        *("--dest", str(into), "--requirement", str(requirements)),
    ]


def fill(machine: Machine, requirements: Path, house: Path, work: Path) -> list[Path]:
    """Make `house` hold the requirements' wheels and no others; return them.

    What it holds already is not downloaded again, and if that is all, no network is needed. `work`
    is for what is not complete yet, on the same disk.
    """
    fresh = work / "wheels"
    kept = ["--find-links", str(house)] if house.is_dir() else []
    try:
        if not kept:
            raise _Missing
        shell.run(download(machine, requirements, fresh, "--no-index", *kept), cwd=work)
    except (_Missing, shell.CommandError):
        shutil.rmtree(fresh, ignore_errors=True)
        _fetch(machine, download(machine, requirements, fresh, *kept), work)
    shutil.rmtree(house, ignore_errors=True)
    house.parent.mkdir(parents=True, exist_ok=True)
    fresh.rename(house)
    return sorted(house.glob("*.whl"))


class _Missing(Exception):
    """There is nothing yet that could do without the network."""


def _fetch(machine: Machine, argv: list[str], work: Path) -> None:
    try:
        shell.run(argv, cwd=work)
    except shell.CommandError as error:
        if "connection broken by" in error.output:
            raise FlaskdashError(
                "the package index can't be reached, and not all wheels are here from a build before",
                hint="flaskdash deploy bundle, when the network is back",
            ) from error
        missing = re.search(r"No matching distribution found for (\S+)", error.output)
        if missing:
            raise FlaskdashError(
                f"{missing[1]} has no wheel for Python {machine.python} on {machine.platform}",
                hint="another --platform or --python, or another version in pyproject.toml",
            ) from error
        raise
