"""`flaskdash inspect`: what flaskdash sees in a source."""

from dataclasses import replace
from pathlib import Path

import click

TABLE = "The sheet, or the file in an archive, to read.  [default: the first that holds a table]"


@click.command("inspect")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--table", metavar="NAME", help=TABLE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(source: Path, table: str | None, as_json: bool) -> None:
    """Show how SOURCE is read, what its columns mean, and the charts that they suggest.

    It needs no project, and writes nothing.

    \b
    Example:
      flaskdash inspect sales.csv
    """
    from flaskdash.inspect import inspect_source, stdin
    from flaskdash.progress import working
    from flaskdash.report import as_dict, as_text
    from flaskdash.suggest import suggest

    path = stdin.saved() if source == stdin.DASH else source
    with working(f"Reading {source.name}..."):
        inspection = replace(inspect_source(path, table), source=str(source))
    charts = suggest(inspection, "data")
    if as_json:
        import json

        click.echo(json.dumps(as_dict(inspection, charts), indent=2, ensure_ascii=False))
    else:
        click.echo(as_text(inspection, charts))
