"""A rule about encodings: tools only read UTF-8 without a BOM; PowerShell's `>` writes UTF-16."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from flaskdash.check.rule import Finding
from flaskdash.project import Project

READ_BY_TOOLS = (
    ".dockerignore",
    ".env",
    ".env.example",
    ".flaskenv",
    ".gitignore",
    ".python-version",
    "Dockerfile",
    "Procfile",
    "constraints*.txt",
    "requirements*.txt",
    "runtime.txt",
)
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a BOM"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
ON_THIS_MACHINE = re.compile(r"@\s*file:|^(-e|--editable)\s+[./]|^[./]|^[A-Za-z]:[\\/]")


def text(project: Project) -> Iterator[Finding]:
    """Find files that tools cannot read as UTF-8, and requirements that are local paths."""
    for file in _files(project):
        if problem := _encoding(file.read_bytes())[1]:
            yield Finding(
                f"{file.name} is {problem}, but tools only read UTF-8",
                "flaskdash check --fix (it converts the file)",
            )
    for file in sorted(project.root.glob("requirements*.txt")):
        encoding = _encoding(file.read_bytes())[0]
        for number, line in enumerate(file.read_text(encoding, "replace").splitlines(), 1):
            if ON_THIS_MACHINE.search(line.strip()):
                yield Finding(
                    f"{file.name}, line {number} is a path on this machine: {line.strip()[:80]}",
                    "Write NAME==VERSION, or delete the file: uv.lock replaces it",
                )


def encode(project: Project) -> Iterator[str]:
    """Convert the files that tools read to UTF-8, if their encoding is certain."""
    for file in _files(project):
        encoding, problem = _encoding(file.read_bytes())
        if problem and encoding != "latin-1":
            content = file.read_bytes().decode(encoding)
            file.write_bytes(content.encode())
            yield f"{file.name}: from {problem} to UTF-8"


def _files(project: Project) -> list[Path]:
    return [
        file
        for pattern in READ_BY_TOOLS
        for file in sorted(project.root.glob(pattern))
        if file.is_file()
    ]


def _encoding(content: bytes) -> tuple[str, str]:
    """Return the encoding of bytes, and its name in words if it is not plain UTF-8."""
    for bom, encoding, name in BOMS:
        if content.startswith(bom):
            return encoding, name
    if b"\0" in content[:200:2] or b"\0" in content[1:200:2]:
        return ("utf-16-be" if content[:1] == b"\0" else "utf-16-le"), "UTF-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1", "neither UTF-8 nor UTF-16"
    return "utf-8", ""
