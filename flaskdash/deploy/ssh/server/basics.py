"""Helpers of the server's side: messages, programs, files."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class StepError(Exception):
    """A step that failed; `kind` says which release is live now, and `log` shows the program's."""

    def __init__(self, message: str, hint: str = "", kind: str = "", log: str = "") -> None:
        super().__init__(message)
        self.hint, self.kind, self.log = hint, kind, log


def send(**message: Any) -> None:
    """Print a message as a line of JSON, and ignore that the connection may be closed."""
    with suppress(OSError):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def report(line: str) -> None:
    """Send a line for the user to read."""
    send(line=line)


def run(
    argv: Sequence[str],
    seconds: float = 300,
    stdin: str = "",
    pass_fds: Sequence[int] = (),
    variables: Mapping[str, str] | None = None,
) -> str:
    """Run a program and return its output; raise StepError if it fails or takes too long.

    The program inherits the open files `pass_fds`, such as a lock, and has further `variables`.
    """
    command = " ".join(argv[:4])
    try:
        process = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            timeout=seconds,
            text=True,
            errors="replace",
            pass_fds=pass_fds,
            env={**os.environ, **(variables or {})},
        )
    except subprocess.TimeoutExpired:
        raise StepError(f"{command} did not end within {seconds:.0f} s") from None
    if process.returncode:
        raise StepError(f"{command} failed", log=f"{process.stdout}{process.stderr}".strip())
    return process.stdout


def write_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file by one rename, after the new text has reached the disk."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(
        os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def write_system_file(sudo: Sequence[str], path: Path, text: str) -> None:
    """Replace a file that belongs to root and that everybody may read, by one rename."""
    run([*sudo, "install", "-D", "-m", "644", "/dev/stdin", f"{path}.new"], stdin=text)
    run([*sudo, "mv", f"{path}.new", str(path)])


def find_program(program: str) -> str:
    """Return a program's path or "", also if it is in a folder for administrators."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    return shutil.which(program, path=path) or ""


def is_free(port: int) -> bool:
    """Return whether nothing listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
