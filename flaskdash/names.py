"""Names: a title becomes a slug, a module's name, a table's name; what can't be used is refused."""

import keyword
import re
import unicodedata

from flaskdash.errors import FlaskdashError

LONGEST = 48

# Words that SQL engines reserve (DuckDB, PostgreSQL, MySQL) and that people give to files.
SQL_WORDS = frozenset(
    """all alter analyse analyze and any array as asc between both by call case cast check collate
    column constraint create cross cube current database default delete desc describe distinct do
    drop else end except exists false fetch filter for foreign from full function grant group
    grouping groups having if in index inner insert intersect interval into is join key keys largest
    lateral left like limit load lock match merge natural not null of offset on only or order outer
    over partition pivot placing primary qualify range rank references returning right row rows
    select set show similar some summarize symmetric system table then to top trailing true truncate
    union unique unpivot update user using values view when where window with within""".split()
)
WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))]
)
# A project of this name could not import what it depends on, or would be taken for it.
PACKAGES = frozenset(
    """app brotli duckdb filelock flask flaskdash gunicorn jinja2 mypy numpy pandas pip
    plotly pytest python ruff site test tests uv werkzeug""".split()
)


def identifier(text: str, fallback: str) -> str:
    """Return text as the name of a module and of a table: `Sales 2024.csv` as sales_2024_csv.

    `fallback` ("chart", "data") stands in for text without a letter, and keeps a word that Python,
    SQL or Windows reserves apart: class becomes class_chart.
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = "_".join(re.findall(r"[a-z0-9]+", ascii_text))[:LONGEST].strip("_")
    if not name:
        return fallback
    if name[0].isdigit():
        return f"{fallback}_{name}"
    return f"{name}_{fallback}" if is_reserved(name) else name


def is_reserved(name: str) -> bool:
    """Tell whether Python, SQL or Windows keep this word for themselves."""
    return (
        keyword.iskeyword(name)
        or keyword.issoftkeyword(name)
        or name in SQL_WORDS
        or name in WINDOWS_DEVICES
    )


def check_project(name: str) -> str:
    """Return a project's name; raise FlaskdashError where it can't be a folder and a package."""
    reason = _why_not(name)
    if reason:
        raise FlaskdashError(
            f"{name!r} can't be the name of a project: {reason}",
            hint=f"flaskdash new {suggestion(name)}",
        )
    return name


def _why_not(name: str) -> str:
    if "/" in name or "\\" in name or name in {".", ".."}:
        return "it is a path; go to the folder first, then give a plain name"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]|[A-Za-z]", name):
        return "it must begin with a letter, and hold only letters a-z, digits, - and _"
    if len(name) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    lower = name.lower().replace("-", "_")
    if lower in WINDOWS_DEVICES:
        return "Windows keeps that name for a device"
    if keyword.iskeyword(name) or keyword.iskeyword(lower):
        return "Python keeps that word for itself"
    if lower in PACKAGES:
        return "a package that the project needs has that name"
    return ""


def suggestion(name: str) -> str:
    """Return a name near to this one that a project can have."""
    letters = identifier(name, "dash").replace("_", "-")
    return letters if not _why_not(letters) else f"{letters}-dash"


def slug(title: str) -> str:
    """Return a title as the generated project has it in a URL."""
    return "-".join(re.findall(r"\w+", title.lower())) or "dashboard"


def title(name: str) -> str:
    """Return a project's name as a title: my-sales as My sales."""
    words = re.sub(r"[-_]+", " ", name).strip()
    return words[:1].upper() + words[1:]
