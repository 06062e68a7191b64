"""`flaskdash serve`: run the project and reload it on each save."""

import sys
from pathlib import Path

import click


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5000,
    show_default=True,
    help="Port to listen on; the next free one if it is taken.",
)
@click.option(
    "--open/--no-open",
    "open_browser",
    default=None,
    help="Open the browser.  [default: on a terminal]",
)
@click.option("--prod", is_flag=True, help="Run the Procfile's web line, as production does.")
def command(host: str, port: int, open_browser: bool | None, prod: bool) -> None:
    """Run the project, and reload it and the browser on each save.

    The project runs in its own environment, which is made first where it is missing. A mistake
    in the project shows in the browser, with its file and line, until it is mended.

    With --prod, nothing reloads: it is the very process that a server runs.

    \b
    Example:
      flaskdash serve --port 8000
    """
    from flaskdash.project import Project
    from flaskdash.project.environment import ensure_environment

    if prod and open_browser:
        raise click.UsageError("--open is for development; it does not go with --prod")
    project = Project.find(Path.cwd())
    ensure_environment(project, click.echo)
    if prod:
        from flaskdash.serve.prod import serve_production

        serve_production(project, host, port, click.echo)
    from flaskdash.serve.dev import serve

    serve(
        project,
        host,
        port,
        sys.stdout.isatty() if open_browser is None else open_browser,
        click.echo,
    )
