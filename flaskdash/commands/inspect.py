"""`flaskdash inspect`: show how a source would be read and charted."""

from collections.abc import Callable
from dataclasses import replace

import click

from flaskdash.progress import echo, echo_json

TABLE = "The sheet, file in an archive, or database table to read.  [default: the largest, or all of one shape]"
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
@click.argument("source")
@click.option("--table", metavar="NAME", help=TABLE)
@read_option
@header_option
@click.option(
    "--left-out", is_flag=True, help="Show the rows, columns and cells that are left out."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    source: str,
    table: str | None,
    reading: tuple[str, ...],
    headers: tuple[str, ...],
    left_out: bool,
    as_json: bool,
) -> None:
    """Show how SOURCE is read, what its columns mean, and which charts they suggest.

    It does not need a project, and does not write any file.

    \b
    Example:
      flaskdash inspect sales.csv
    """
    from flaskdash import names
    from flaskdash.charts.suggest import suggest
    from flaskdash.commands._report import as_dict, as_text, omitted_as_text
    from flaskdash.generate.sources import local_path, pages_note
    from flaskdash.inspect import inspect_source
    from flaskdash.inspect import reading as readings
    from flaskdash.inspect.formats import database
    from flaskdash.inspect.formats import url as urls
    from flaskdash.progress import working

    choices = readings.parse(reading)
    url = urls.from_variable(source, {}) or (source if urls.is_url(source) else "")
    if database.is_address(source) and not url:
        connection, inspection = database.inspect_database(source, table, None, False, {})
        name = connection.name
    else:
        path, pages = local_path(url or source, urls.filled(urls.parse_headers(headers), {}))
        name = names.stem(path.resolve().name)
        with working(f"Reading {path.name}..."):
            inspection = inspect_source(path, table, choices)
        inspection = replace(
            pages_note(inspection, pages), source=urls.redact(url) if url else source
        )
    charts = suggest(inspection, names.identifier(name, "data"))
    if as_json:
        echo_json(as_dict(inspection, charts))
    elif left_out:
        echo(omitted_as_text(inspection))
    else:
        echo(as_text(inspection, charts))
