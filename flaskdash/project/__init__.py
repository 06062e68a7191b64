"""A project: the folder that `flaskdash new` created."""

import io
import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flaskdash.errors import FlaskdashError


@dataclass(frozen=True)
class Project:
    """The folder, the name and the title of a project."""

    root: Path
    name: str
    title: str

    @classmethod
    def find(cls, start: Path) -> "Project":
        """Return the project of a folder: the nearest parent with [tool.flaskdash]."""
        for folder in (start.resolve(), *start.resolve().parents):
            file = folder / "pyproject.toml"
            if not file.is_file():
                continue
            settings = _read(file)
            table = settings.get("tool", {}).get("flaskdash")
            if isinstance(table, dict):
                name = str(settings.get("project", {}).get("name", folder.name))
                return cls(root=folder, name=name, title=str(table.get("title", name)))
        raise FlaskdashError(
            f"{start} is not inside a flaskdash project. Change to a project, or create one.",
            hint="flaskdash new myproj --data FILE",
        )

    def dependencies(self) -> list[str]:
        """Return the requirements in [project].dependencies of pyproject.toml."""
        settings = _read(self.root / "pyproject.toml").get("project", {})
        return [str(requirement) for requirement in settings.get("dependencies", [])]

    def relative(self, path: Path) -> str:
        """Return a path relative to the project, with slashes: app/charts/x.py."""
        return path.relative_to(self.root).as_posix()

    @property
    def loaders(self) -> Path:
        """Return the folder of the loaders."""
        return self.root / "app" / "loaders"

    @property
    def charts(self) -> Path:
        """Return the folder of the charts."""
        return self.root / "app" / "charts"

    @property
    def instance(self) -> Path:
        """Return the folder for the data of the running project, such as snapshots."""
        moved = os.environ.get("INSTANCE_PATH", dotenv(self.root / ".env").get("INSTANCE_PATH"))
        return self.root / (moved or "instance")

    @property
    def scripts(self) -> Path:
        """Return the folder of the programs in the project's environment."""
        return self.root / ".venv" / ("Scripts" if sys.platform == "win32" else "bin")

    @property
    def python(self) -> Path:
        """Return the Python of the project's environment, which may not exist."""
        return self.scripts / ("python.exe" if sys.platform == "win32" else "python")


def _read(file: Path) -> dict[str, Any]:
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FlaskdashError(f"{file} is not valid TOML: {error}") from error
    except OSError as error:
        raise FlaskdashError(f"Cannot read {file}: {error.strerror or error}") from error
    for name in ("tool", "project"):
        if not isinstance(settings.get(name, {}), dict):
            raise FlaskdashError(f"{file} has {name} as a value. Write a table: [{name}].")
    return settings


def dotenv(path: Path) -> dict[str, str]:
    """Return the variables of a file such as .env; none if the file does not exist."""
    from dotenv import dotenv_values

    try:
        text = path.read_text("utf-8-sig", "replace")
    except OSError:
        return {}
    values = dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in values.items() if value is not None}


def env_file(path: Path) -> dict[str, str]:
    """Return the variables of a file for `docker --env-file`, which has no quotes or escapes."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return {}
    lines = (line.removesuffix("\r").lstrip() for line in text.split("\n"))
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name: value for name, sign, value in pairs if sign}


def dotenv_line(item: tuple[str, str]) -> str:
    """Return a variable as a line of .env that python-dotenv and shells read in the same way.

    The path of an SQLite file has no escapes of its own, so only python-dotenv reads quotes in it.
    """
    name, value = item
    if value.startswith("sqlite:"):
        value = value.replace("${", "${:-$}{").replace("\\", "\\\\").replace("'", "\\'")
    else:
        for sign in "'\"\\$`# ":
            value = value.replace(sign, f"%{ord(sign):02X}")
    return f"{name}='{value}'"
