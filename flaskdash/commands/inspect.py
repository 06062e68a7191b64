"""`flaskdash inspect`: show how a source would be read and charted."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from flaskdash.progress import echo, echo_json

if TYPE_CHECKING:
    from flaskdash.inspect.model import Inspection

TABLE = (
    "The sheet, file in an archive, table or collection to read.  [default: the largest, or all of one shape;"
    " of a database, the only one]"
)
READ = (
    "How the text is written, against what is detected: sep, quote, encoding, header (a line, or none),"
    ' skip, decimal, sheet. Can be repeated, or separated by commas: "sep=;,header=3".'
)

HEADER = (
    "A header for the server of a URL, with a variable for its secret: 'Authorization: Bearer $API_TOKEN'."
    " Can be repeated."
)


def read_option(function: Callable[..., None]) -> Callable[..., None]:
    """Add the option --read to a command."""
    return click.option("--read", "reading", metavar="KEY=VALUE", multiple=True, help=READ)(
        function
    )


def header_option(function: Callable[..., None]) -> Callable[..., None]:
    """Add the option --header to a command."""
    return click.option("--header", "headers", metavar="TEXT", multiple=True, help=HEADER)(function)


@click.command("inspect")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option("--table", metavar="NAME", help=TABLE)
@read_option
@header_option
@click.option(
    "--left-out", is_flag=True, help="Show the rows, columns and cells that are left out."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    sources: tuple[str, ...],
    table: str | None,
    reading: tuple[str, ...],
    headers: tuple[str, ...],
    left_out: bool,
    as_json: bool,
) -> None:
    """Show how SOURCE is read, what its columns mean, and which charts they suggest.

    Of several sources, it also shows which columns could join them, and what a join does to their
    rows. It does not need a project, and does not write any file.

    \b
    Example:
      flaskdash inspect sales.csv
      flaskdash inspect sales.csv costs.csv
    """
    from itertools import combinations

    from flaskdash.charts.suggest import suggest
    from flaskdash.commands._report import as_dict, as_text, fit_as_dict, omitted_as_text
    from flaskdash.generate.sources import unused_name
    from flaskdash.inspect import fit

    tables: list[fit.Table] = []
    reports, values = [], []
    for source in sources:
        name, inspection = _inspect(source, table, reading, headers)
        name = unused_name(name, [table.name for table in tables])
        columns = {column.name: column for column in inspection.columns}
        tables.append(fit.Table(name, inspection.frame, columns, inspection.total))
        charts = suggest(inspection, name)
        values.append(as_dict(inspection, charts))
        reports.append(omitted_as_text(inspection) if left_out else as_text(inspection, charts))
    pairs = list(combinations(tables, 2))
    if as_json:
        fits = [fit_as_dict(left, right) for left, right in pairs]
        echo_json({"sources": values, "fits": fits} if pairs else values[0])
        return
    for left, right in pairs if not left_out else ():
        lines = (f"  {line}" for line in fit.sentences(left, right))
        reports.append("\n".join([f"{left.name} and {right.name}:", *lines]))
    echo("\n\n".join(reports))


def _inspect(
    source: str, table: str | None, reading: tuple[str, ...], headers: tuple[str, ...]
) -> tuple[str, "Inspection"]:
    """Return the name and the inspection of a source."""
    from flaskdash import names
    from flaskdash.generate.sources import local_path, pages_note
    from flaskdash.inspect import inspect_source
    from flaskdash.inspect import reading as readings
    from flaskdash.inspect.formats import database, mongodb
    from flaskdash.inspect.formats import url as urls
    from flaskdash.progress import working

    choices = readings.parse(reading)
    url = urls.from_variable(source, {}) or (source if urls.is_url(source) else "")
    address, variable = mongodb.find_address(source, {})
    if address:
        collection, inspection = mongodb.inspect_collection(address, variable, table)
        return names.identifier(collection.name, "data"), inspection
    if database.is_address(source) and not url:
        connection, inspection = database.inspect_database(source, table, None, False, {})
        return names.identifier(connection.name, "data"), inspection
    path, pages = local_path(url or source, urls.filled(urls.parse_headers(headers), {}))
    with working(f"Reading {path.name}..."):
        inspection = inspect_source(path, table, choices)
    inspection = replace(pages_note(inspection, pages), source=urls.redact(url) if url else source)
    return names.identifier(names.stem(path.resolve().name), "data"), inspection
