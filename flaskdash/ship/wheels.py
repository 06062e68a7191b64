"""Download each locked requirement as a wheel for a machine, verified by its hash."""

from __future__ import annotations

import re
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.ship.machine import Machine


def download(machine: Machine, requirements: Path, into: Path, *flags: str) -> list[str]:
    """Return the command that downloads the wheels of the requirements into a folder."""
    platforms = [word for tag in machine.platforms() for word in ("--platform", tag)]
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--require-hashes", "--only-binary", ":all:", "--no-deps"),
        *("--implementation", "cp", "--python-version", machine.python, *platforms),
        *flags,
        *("--dest", str(into), "--requirement", str(requirements)),
    ]


def fill(machine: Machine, requirements: Path, wheelhouse: Path, work: Path) -> list[Path]:
    """Fill WHEELHOUSE with exactly the wheels of the requirements, and return their paths.

    Wheels that it already has are reused; if it has all of them, no network is needed. WORK is a
    folder on the same disk for incomplete downloads.
    """
    fresh = work / "wheels"
    links = ["--find-links", str(wheelhouse)] if wheelhouse.is_dir() else []
    is_complete = False
    if links:
        with suppress(shell.CommandError):
            shell.run(download(machine, requirements, fresh, "--no-index", *links), cwd=work)
            is_complete = True
    if not is_complete:
        shutil.rmtree(fresh, ignore_errors=True)
        _run_download(machine, download(machine, requirements, fresh, *links), work)
    shutil.rmtree(wheelhouse, ignore_errors=True)
    wheelhouse.parent.mkdir(parents=True, exist_ok=True)
    fresh.rename(wheelhouse)
    return sorted(wheelhouse.glob("*.whl"))


def _run_download(machine: Machine, argv: list[str], work: Path) -> None:
    try:
        shell.run(argv, cwd=work)
    except shell.CommandError as error:
        if "connection broken by" in error.output:
            raise FlaskdashError(
                "The package index cannot be reached, and an earlier build has not left all wheels"
                " on this machine. Connect to the network, then deploy again.",
                hint="flaskdash deploy",
            ) from error
        missing = re.search(r"No matching distribution found for (\S+)", error.output)
        if missing:
            raise FlaskdashError(
                f"{missing[1]} has no wheel for Python {machine.python} on {machine.platform}."
                " Choose another --platform or --python, or another version in pyproject.toml.",
                hint="flaskdash deploy bundle --help",
            ) from error
        raise
