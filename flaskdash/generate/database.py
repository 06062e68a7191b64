"""Add a database of the project's own: models, migrations, and its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from flaskdash.errors import FlaskdashError
from flaskdash.generate.parts import DATABASE, add_part
from flaskdash.generate.place import append_line
from flaskdash.progress import Echo
from flaskdash.project import Project, contents, dotenv, dotenv_line

VARIABLES = ("DATABASE_URL", "APP_DATABASE_URL")  # the second is for the project alone
DRIVERS = {
    "sqlite": (),
    "postgres": ("psycopg[binary]>=3.2",),
    "postgresql": ("psycopg[binary]>=3.2",),
    "mysql": ("pymysql[rsa]>=1.1",),
    "mariadb": ("pymysql[rsa]>=1.1",),
}


def add_database(project: Project, url: str, echo: Echo, dry_run: bool = False) -> None:
    """Add the part `database`, with the driver for an address, which goes into .env."""
    scheme = urlsplit(url).scheme.partition("+")[0] or "sqlite"
    if url and scheme not in DRIVERS:
        raise FlaskdashError(
            f"--url begins with {scheme}://, which is no database for tables of the project. Use"
            " one of these.",
            hint="--url postgresql://USER:PASSWORD@HOST/NAME, mariadb://... or sqlite:////PATH",
        )
    env = dotenv(project.root / ".env")
    variable = next((name for name in VARIABLES if env.get(name, url) == url), "")
    if url and not variable:
        raise FlaskdashError(
            f"{' and '.join(VARIABLES)} in .env are other addresses already. Nothing was written."
            f" Change {VARIABLES[0]} there, and leave out --url.",
            hint="flaskdash add-database",
        )
    if not url:
        _refuse_address_of_data(project, env)
    part = replace(DATABASE, requires=(*DATABASE.requires, *DRIVERS[scheme]))
    add_part(project, part, echo, dry_run)
    if url and variable not in env:
        if not dry_run:
            append_line(project.root / ".env", dotenv_line((variable, url)))
        echo(f"append    .env: {variable}, the address of the database; git ignores this file")


def _refuse_address_of_data(project: Project, env: Mapping[str, str]) -> None:
    """Raise FlaskdashError if the tables would go into the database that a loader reads."""
    loaders = contents.loaders(project).values()
    readers = [loader.name for loader in loaders if loader.database == VARIABLES[0]]
    if readers and VARIABLES[1] not in env:
        raise FlaskdashError(
            f"{VARIABLES[0]} is the address of the data of the loader {readers[0]}, and the tables"
            " of the project would go there, too. Nothing was written. Say where they go: to"
            " a file in instance/, or to a server.",
            hint="flaskdash add-database --url sqlite:///app.sqlite",
        )
