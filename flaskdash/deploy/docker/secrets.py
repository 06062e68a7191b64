"""The secrets of a container: a file of NAME=value lines in the project, which git never takes."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from flaskdash.check.rule import Finding
from flaskdash.progress import Echo
from flaskdash.project import Project, contents

FOLDER = ".secrets"


@dataclass(frozen=True)
class Secrets:
    """The file `.secrets/NAME.env`, for its owner's eyes only."""

    project: Project
    name: str

    @property
    def shown(self) -> Path:
        """Return the file's path in the project."""
        return Path(FOLDER, f"{self.name}.env")

    @property
    def file(self) -> Path:
        """Return the file's path."""
        return self.project.root / self.shown

    def read(self) -> dict[str, str]:
        """Return the secrets by name; the engine takes a value as it stands, quotes and all."""
        try:
            lines = self.file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return {}
        pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
        return {name: value for name, _, value in pairs}

    def write(self, values: Mapping[str, str]) -> None:
        """Write secrets beside those that are there, by one rename."""
        merged = {**self.read(), **values}
        folder = self.file.parent
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", "utf-8")
        handle, name = tempfile.mkstemp(dir=folder)  # its mode is 0600
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.writelines(f"{key}={value}\n" for key, value in merged.items())
        Path(name).replace(self.file)

    def ensure(self, echo: Echo) -> None:
        """Make a SECRET_KEY where there is none: one for this target alone."""
        if "SECRET_KEY" not in self.read():
            self.write({"SECRET_KEY": secrets.token_hex()})
            echo(f"create    {self.shown.as_posix()}: a SECRET_KEY for this target; git ignores it")

    def lines(self) -> Iterator[str]:
        """Yield what `ensure` does, in words."""
        if "SECRET_KEY" not in self.read():
            yield f"create    {self.shown.as_posix()}"

    def needed(self, project: Project) -> Iterator[Finding]:
        """Find loaders whose address, of a database or of a URL, the secrets do not have."""
        there = self.read()
        for loader in contents.loaders(project).values():
            if loader.database and loader.database not in there:
                yield Finding(
                    f"the loader {loader.name} needs {loader.database}, and {self.shown.as_posix()}"
                    " does not set it",
                    f"flaskdash secrets set {loader.database}",
                )
