"""`flaskdash deploy`: put the project on a target."""

import sys
from pathlib import Path

import click


@click.command("deploy")
@click.argument("target", required=False)
@click.option("--python", metavar="X.Y", help="Python there.  [default: .python-version]")
@click.option(
    "--platform",
    metavar="TAG",
    help="Platform there, such as manylinux_2_28_aarch64.  [default: like this machine]",
)
@click.option("--dry-run", is_flag=True, help="Print each step, and do none.")
@click.option("--check", is_flag=True, help="Run the preflight, and nothing after it.")
def command(
    target: str | None, python: str | None, platform: str | None, dry_run: bool, check: bool
) -> None:
    """Check the project, then put it on TARGET.

    Without TARGET it takes the one that was named first, which pyproject.toml remembers.

    \b
    Targets:
      bundle   dist/NAME-VERSION.tar.gz: the project, its packages and a start
               script. It starts on Linux or macOS with no network; it can be
               made on Windows too.

    Exit codes: 0 done, 2 the preflight failed, 3 the build failed.

    \b
    Example:
      flaskdash deploy bundle
    """
    from flaskdash.deploy import preflight, targets
    from flaskdash.project import Project

    project = Project.find(Path.cwd())
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    choice = targets.choose(project, target, _ask if terminal else None)
    plan = targets.PLANS[choice.target](project, python, platform)
    if dry_run:
        for rule in plan.rules:
            click.echo(f"check     {rule.id}: {rule.sentence}")
        for line in plan.lines():
            click.echo(line)
        click.echo("Nothing was done: that was --dry-run.")
        return
    if check:
        preflight.run(plan.rules, project, click.echo)
        return
    with targets.alone(project):
        preflight.run(plan.rules, project, click.echo)
        if choice.is_new:
            targets.remember(project, choice.target, click.echo)
        targets.deploy(plan, click.echo)


def _ask() -> str:
    from flaskdash.deploy.targets import DEFAULT, PLANS

    return str(click.prompt("Target", type=click.Choice(list(PLANS)), default=DEFAULT))
