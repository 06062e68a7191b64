"""Add pages where people replace or extend the file of a loader."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from flaskdash.errors import FlaskdashError
from flaskdash.generate import render
from flaskdash.generate.loader_file import label
from flaskdash.generate.parts import Part, add_part
from flaskdash.progress import Echo
from flaskdash.project import Project, contents

REQUIRES = ("flask-wtf>=1.3",)
TEXTS = {".csv", ".tsv", ".tab", ".txt", ".dat", ".psv"}
APPENDABLE = TEXTS | {".json", ".jsonl", ".ndjson", ".parquet"}
SUFFIXES = APPENDABLE | {".xlsx", ".xlsm", ".xls"}
# Arguments of a loader whose file has more than a header above its rows.
PREAMBLE = re.compile(
    r"\b(skiprows|header|names|skipfooter|left_out|skip)\s*=|utf-?16", re.IGNORECASE
)


def part_name(loader: str) -> str:
    return f"{loader}-upload"


def add_upload(project: Project, name: str, echo: Echo, dry_run: bool = False) -> None:
    """Write the pages that take a new file for a loader, as app/blueprints/upload_NAME."""
    loader = _loader(project, name)
    reader = project.root / "app/engine/reader.py"
    if not reader.is_file() or "source" not in reader.read_text("utf-8"):
        raise FlaskdashError(
            "The project was made by an older flaskdash, whose loaders cannot read another file. Create"
            " a new project, and copy app/loaders and app/charts into it.",
            hint=f"flaskdash new {project.root.name}-2",
        )
    source = PurePosixPath(loader.files[0])
    suffix = PurePosixPath(source.name.removesuffix(".gz")).suffix.lower()
    is_packed = source.suffix == ".gz"
    code = loader.path.read_text("utf-8")
    appends = suffix in APPENDABLE and not is_packed and not PREAMBLE.search(code)
    answers = {
        "name": loader.name,
        "slug": loader.name.replace("_", "-"),
        "label": label(loader.name),
        "file": source.name,
        "accept": source.suffix,
        "appends": appends,
        "wrong": repr(b'no_such_column\n"1"\n'),
    }

    def draft(root: Path) -> None:
        render.render("blueprints/access", {}, root)
        render.render("blueprints/uploads", {}, root)

    part = Part(
        part_name(loader.name),
        "blueprints/upload",
        f"app/blueprints/upload_{loader.name}",
        REQUIRES,
        needs=(loader.name,),
        answers=answers,
    )
    add_part(project, part, echo, dry_run, draft)


def _loader(project: Project, name: str) -> contents.LoaderFile:
    """Return a loader of one file; raise FlaskdashError if there is none of this name."""
    loaders = contents.loaders(project)
    if name not in loaders:
        raise FlaskdashError(
            f"There is no loader named {name!r}. Use one of: {', '.join(loaders) or 'none'}.",
            hint="flaskdash list",
        )
    loader = loaders[name]
    source = loader.files[0] if len(loader.files) == 1 else ""
    path = PurePosixPath(source.removesuffix(".gz"))
    if not (project.root / source).is_file() or path.suffix.lower() not in SUFFIXES:
        raise FlaskdashError(
            f"The loader {name} does not read one file of a kind that can be uploaded: CSV and other"
            " text, Excel, JSON or Parquet.",
            hint="flaskdash list",
        )
    return loader
