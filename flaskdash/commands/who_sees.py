"""`flaskdash who-sees`: print which dashboards each role sees, and how many rows each user."""

import click


@click.command("who-sees")
@click.argument("loader", default="")
def command(loader: str) -> None:
    """Print which dashboards each role sees, and how many rows of each LOADER each user sees.

    Loaders with a function visible(user) show each user rows of their own. The output is the same
    as long as nobody's rights change, so a test in CI can compare it.

    \b
    Example:
      flaskdash who-sees sales
    """
    from flaskdash.generate.backend import run_command

    run_command("user", ["who-sees", *([loader] if loader else [])])
