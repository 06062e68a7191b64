"""`flaskdash deploy`: deploy the project to a target."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from flaskdash.commands import _target
from flaskdash.progress import echo, echo_json


@click.command("deploy")
@_target.argument
@click.option(
    "--name", metavar="NAME", help="Remember the target by this name.  [default: production]"
)
@click.option("--domain", metavar="NAME", help="Domain of the dashboard, with TLS.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the dashboard on the target.")
@click.option(
    "--python", metavar="X.Y", help="Python version on the target.  [default: .python-version]"
)
@click.option(
    "--platform",
    metavar="TAG",
    help="Platform of the target: for a bundle, such as manylinux_2_28_aarch64; for an image, such"
    " as linux/amd64.  [default: this machine's]",
)
@click.option("--dry-run", is_flag=True, help="Print each step and command, and run none.")
@click.option("--check", is_flag=True, help="Only run the preflight.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
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
    """Check the project, then deploy it to TARGET. If the new release fails, roll back.

    pyproject.toml remembers TARGET, so the next time `flaskdash deploy` is enough.

    \b
    Targets:
      ssh://USER@HOST
               A Linux server of your own with systemd. No request is lost, and
               each release can be restored.
      docker[://REGISTRY/NAME]
               An image and its container, on this machine or on DOCKER_HOST.
      kubernetes://REGISTRY/NAME
               The same image in a registry, and kubernetes.yaml for kubectl.
      heroku://APP
               An app on Heroku, by git push. Needs HEROKU_API_KEY or
               `heroku login`.
      git+ssh://dokku@HOST/APP, git+ssh://piku@HOST/APP, git+https://HOST/APP
               A server that builds and runs each push.
      static   dist/static: the dashboards as files, with a page for each
               choice of filters, for GitHub Pages or any static web host.
      bundle   dist/NAME-VERSION.tar.gz: the project, its packages and a start
               script for Linux and macOS that needs no network. It can also
               be built on Windows.
      fly, render, kamal, cloudrun://REGION-docker.pkg.dev/PROJECT/REPOSITORY
               Fly, Render, Kamal and Cloud Run. Writes the platform's file
               and prints the next commands, but does not run them.

    \b
    Exit codes:
      0  success
      2  the preflight failed, and nothing was deployed
      3  the build failed, and nothing was shipped
      4  the new release failed, and the one before is live
      5  the new release failed, and the one before could not be restored

    \b
    Example:
      flaskdash deploy ssh://me@example.org
    """
    from flaskdash.check import run
    from flaskdash.deploy import targets
    from flaskdash.project import Project

    project = Project.find(Path.cwd())
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and not yes
    options = {key: str(value) for key, value in settings.items() if value is not None}
    ask = _ask if terminal else None
    choice = targets.choose(project, target, ask, name=name, settings=options)
    plan = targets.target(project, choice.place).plan()
    report = _target.echo_on_stderr if as_json else echo
    if dry_run:
        for rule in plan.rules:
            report(f"check     {rule.id}: {rule.sentence}")
        for line in plan.lines():
            report(line)
        report("Nothing was deployed, because of --dry-run.")
        return
    if check:
        run.run(plan.rules, project, report)
        return
    if terminal and plan.question:
        click.confirm(plan.question, default=True, abort=True)
    with (
        targets.exclusive(project),
        run.started(plan.rules, project, report) as passed,
    ):
        if choice.is_new:
            passed()
            targets.remember(project, choice, report)
        outcome = targets.deploy(plan, report, passed)
    if as_json:
        echo_json({"target": choice.name, "address": choice.place.address, **asdict(outcome)})


def _ask() -> str:
    from flaskdash.deploy.targets import DEFAULT_KIND, KINDS

    for kind, sentence in KINDS.items():
        echo(f"  {kind:12} {sentence}")
    return str(click.prompt("Target", default=DEFAULT_KIND))
