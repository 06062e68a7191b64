"""`flaskdash deploy`: put the project on a target."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from flaskdash.commands import _target


@click.command("deploy")
@_target.argument
@click.option(
    "--name", metavar="NAME", help="Remember the target by this name.  [default: production]"
)
@click.option("--domain", metavar="NAME", help="The domain that it answers on, with TLS.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port that it answers on there.")
@click.option("--python", metavar="X.Y", help="Python there.  [default: .python-version]")
@click.option(
    "--platform",
    metavar="TAG",
    help="Platform there, such as manylinux_2_28_aarch64.  [default: like this machine]",
)
@click.option("--dry-run", is_flag=True, help="Print each step and command, and do none.")
@click.option("--check", is_flag=True, help="Run the preflight, and nothing after it.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@_target.as_json
@_target.errors_as_json
def command(
    target: str | None,
    name: str | None,
    dry_run: bool,
    check: bool,
    yes: bool,
    as_json: bool,
    **settings: object,
) -> None:
    """Check the project, then put it on TARGET; go back by itself where that fails.

    TARGET is remembered in pyproject.toml, so the next time `flaskdash deploy` is enough.

    \b
    Targets:
      ssh://USER@HOST
               a Linux server of your own, with systemd: a folder for each release,
               no request lost, and the way back.
      docker[://REGISTRY/NAME]
               an image, and the container that runs it: on this machine, or
               on the one that DOCKER_HOST names.
      kubernetes://REGISTRY/NAME
               the same image, pushed, and kubernetes.yaml for kubectl.
      heroku://APP
               an app at Heroku, by git push; with HEROKU_API_KEY or after
               `heroku login`.
      git+ssh://dokku@HOST/APP, git+ssh://piku@HOST/APP, git+https://HOST/APP
               a server that builds and runs what is pushed to it.
      static   dist/static: the dashboards as files, a page for each choice of
               filters, for GitHub Pages or any other host of files.
      bundle   dist/NAME-VERSION.tar.gz: the project, its packages and a start
               script. It starts on Linux or macOS with no network; it can be
               made on Windows too.
      fly, render, kamal, cloudrun://REGION-docker.pkg.dev/PROJECT/REPOSITORY
               Fly, Render, Kamal and Cloud Run: their file is written, and the
               commands to run next are printed; flaskdash runs none of them.

    Exit codes: 0 done, 2 the preflight failed, 3 the build failed, 4 the new
    release failed and the one before is live, 5 it failed and is live.

    \b
    Example:
      flaskdash deploy ssh://me@example.org
    """
    from flaskdash.check import run
    from flaskdash.deploy import targets
    from flaskdash.project import Project

    project = Project.find(Path.cwd())
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and not yes
    given = {key: str(value) for key, value in settings.items() if value is not None}
    ask = _ask if terminal else None
    choice = targets.choose(project, target, ask, name=name, settings=given)
    plan = targets.target(project, choice.place).plan()
    echo = _target.echo if as_json else click.echo
    if dry_run:
        for rule in plan.rules:
            echo(f"check     {rule.id}: {rule.sentence}")
        for line in plan.lines():
            echo(line)
        echo("Nothing was done: that was --dry-run.")
        return
    if check:
        run.run(plan.rules, project, echo)
        return
    if terminal and plan.question:
        click.confirm(plan.question, default=True, abort=True)
    with targets.alone(project):
        run.run(plan.rules, project, echo)
        if choice.is_new:
            targets.remember(project, choice, echo)
        outcome = targets.deploy(plan, echo)
    if as_json:
        _target.dump({"target": choice.name, "address": choice.place.address, **asdict(outcome)})


def _ask() -> str:
    from flaskdash.deploy.targets import DEFAULT, KINDS

    for kind, sentence in KINDS.items():
        click.echo(f"  {kind:12} {sentence}")
    return str(click.prompt("Target", default=DEFAULT))
