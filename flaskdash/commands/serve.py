"""`flaskdash serve`: run the project, and reload it after each save."""

import sys
from pathlib import Path

import click

from flaskdash.progress import echo


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5000,
    show_default=True,
    help="Port to listen on, or the next free one.",
)
@click.option(
    "--open/--no-open",
    "open_browser",
    default=None,
    help="Open the browser.  [default: on a terminal]",
)
@click.option("--prod", is_flag=True, help="Run the web line of the Procfile, like production.")
@click.option("--verbose", is_flag=True, help="Print each request.")
def command(host: str, port: int, open_browser: bool | None, prod: bool, verbose: bool) -> None:
    """Run the project, and show each save in the browser at once.

    The project runs in its own environment, which is created if it is missing. A changed chart is
    drawn again in the open page, which keeps its filters. The page also shows an error in the
    project with its file and line, until it is fixed.

    With --prod, nothing reloads: this is the same process that a server runs.

    \b
    Example:
      flaskdash serve --port 8000
    """
    from flaskdash.project import Project
    from flaskdash.project.environment import ensure_environment

    if prod and open_browser:
        raise click.UsageError("--open cannot be used with --prod")
    project = Project.find(Path.cwd())
    ensure_environment(project, echo)
    if prod:
        from flaskdash.serve.prod import serve_production

        serve_production(project, host, port, echo)
    from flaskdash.serve.dev import serve

    serve(
        project,
        host,
        port,
        sys.stdout.isatty() if open_browser is None else open_browser,
        verbose,
        echo,
    )
