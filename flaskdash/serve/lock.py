"""The lock of a project that is being served: a second `serve` says where the first one runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from flaskdash.errors import FlaskdashError


class Session:
    """The address at which a project is served, in a file of its instance folder."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def write(self, address: str) -> None:
        self.file.write_text(address, "utf-8")


@contextmanager
def session(root: Path) -> Iterator[Session]:
    """Hold the project's lock, which ends with this process however it ends."""
    folder = root / "instance"
    folder.mkdir(exist_ok=True)
    current = Session(folder / "serve.address")
    try:
        with FileLock(folder / "serve.lock", timeout=0):
            try:
                yield current
            finally:
                current.file.unlink(missing_ok=True)
    except Timeout as error:
        address = current.file.read_text("utf-8") if current.file.exists() else "another port"
        raise FlaskdashError(
            f"This project is already being served on {address}. Open it there, or stop it."
        ) from error
