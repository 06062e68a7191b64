"""What the server's side is made of: messages, programs, files."""

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
    from collections.abc import Sequence


class Failed(Exception):
    """What went wrong, for a person; `kind` tells what is live now."""

    def __init__(self, message: str, hint: str = "", kind: str = "", log: str = "") -> None:
        super().__init__(message)
        self.hint, self.kind, self.log = hint, kind, log


def tell(**message: Any) -> None:
    """Print a message; where nobody listens any more, go on all the same."""
    with suppress(OSError):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def say(line: str) -> None:
    """Tell what is being done."""
    tell(say=line)


def run(
    argv: Sequence[str], seconds: float = 300, stdin: str = "", keeps: Sequence[int] = ()
) -> str:
    """Run a program and return what it printed; raise Failed where it fails or takes too long.

    It `keeps` files of ours open, such as a lock.
    """
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            timeout=seconds,
            text=True,
            errors="replace",
            pass_fds=keeps,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(argv[:4])} did not end within {seconds:.0f} s") from None
    if done.returncode:
        raise Failed(f"{' '.join(argv[:4])} failed", log=f"{done.stdout}{done.stderr}".strip())
    return done.stdout


def replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file by one rename, and see to it that it is on the disk."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def install(sudo: Sequence[str], path: Path, text: str) -> None:
    """Write a file of the administrator's, which all may read, by one rename."""
    run([*sudo, "install", "-D", "-m", "644", "/dev/stdin", f"{path}.new"], stdin=text)
    run([*sudo, "mv", f"{path}.new", str(path)])


def find(program: str) -> str:
    """Return a program's path; those of administrators are not on everybody's PATH."""
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
