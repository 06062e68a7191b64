"""The secrets of a container: a file of NAME=value lines in the project that git ignores."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from flaskdash.check.rule import Finding
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo
from flaskdash.project import Project, contents, env_file
from flaskdash.ship.leaks import SECRETS


@dataclass(frozen=True)
class Secrets:
    """The file `.secrets/NAME.env`, which only its owner can read."""

    project: Project
    name: str

    @property
    def path(self) -> Path:
        """Return the file's path, relative to the project."""
        return Path(SECRETS, f"{self.name}.env")

    @property
    def file(self) -> Path:
        """Return the file's absolute path."""
        return self.project.root / self.path

    def read(self) -> dict[str, str]:
        """Return the secrets by name."""
        return env_file(self.file)

    def write(self, values: Mapping[str, str]) -> None:
        """Add or replace secrets, by one rename of the file.

        Raises FlaskdashError for a value of several lines, which such a file cannot hold.
        """
        for name, value in values.items():
            if "\n" in value or "\r" in value:
                raise FlaskdashError(
                    f"The value of {name} has several lines, and {self.path.as_posix()} can only"
                    " hold values of one line. Encode it, for instance in Base64, and have the"
                    " project decode it."
                )
        merged = {**self.read(), **values}
        folder = self.file.parent
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", "utf-8")
        handle, name = tempfile.mkstemp(dir=folder)  # its mode is 0600
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{key}={value}\n" for key, value in merged.items())
        Path(name).replace(self.file)

    def ensure(self, echo: Echo) -> None:
        """Create a SECRET_KEY for this target, unless the file already has one."""
        if "SECRET_KEY" not in self.read():
            self.write({"SECRET_KEY": secrets.token_hex()})
            echo(f"create    {self.path.as_posix()}: a SECRET_KEY for this target; git ignores it")

    def lines(self) -> Iterator[str]:
        """Yield the step of `ensure` as a line of text."""
        if "SECRET_KEY" not in self.read():
            yield f"create    {self.path.as_posix()}"

    def missing(self, project: Project) -> Iterator[Finding]:
        """Yield the loaders whose address, of a database or a URL, is not among the secrets."""
        names = self.read()
        for loader in contents.loaders(project).values():
            if loader.database and loader.database not in names:
                yield Finding(
                    f"the loader {loader.name} needs {loader.database}, which"
                    f" {self.path.as_posix()} does not set",
                    f"flaskdash secrets set {loader.database}",
                )
