"""The production command: what the Procfile's web line says, on this machine."""

import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project
from flaskdash.serve.listen import free_port, url

EXAMPLE = 'a line such as: web: gunicorn "app:create_app()"'


def serve_production(
    project: Project, host: str, port: int, echo: Callable[[str], None]
) -> NoReturn:
    """Become the Procfile's web process; flaskdash itself is no part of what then runs."""
    if sys.platform == "win32":
        raise FlaskdashError(
            "gunicorn, which runs a project in production, needs a Unix",
            hint="WSL for --prod; without --prod, flaskdash serve works on Windows",
        )
    command = web_command(project)
    free = free_port(host, port)
    if port not in (0, free):
        echo(f"port {port} is taken; using {free}")
    echo(f"Running {command} on {url(host, free)} (Ctrl-C to stop)")
    sys.stdout.flush()
    shell.replace(["sh", "-c", as_exec(command)], project.root, variables(project, host, free))


def web_command(project: Project) -> str:
    """Return the command of the web line in the project's Procfile."""
    try:
        text = (project.root / "Procfile").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise FlaskdashError(f"{project.root} has no Procfile", hint=EXAMPLE) from error
    return parse_web(text)


def parse_web(text: str) -> str:
    """Return the command of the web line in the text of a Procfile."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, command = line.partition(":")
        if not colon or not re.fullmatch(r"[\w-]+", name.strip()) or not command.strip():
            raise FlaskdashError(
                f"Procfile, line {number} is not 'NAME: COMMAND': {line.strip()}", hint=EXAMPLE
            )
        if name.strip() == "web":
            return command.strip()
    raise FlaskdashError("the Procfile has no web line", hint=EXAMPLE)


def as_exec(command: str) -> str:
    """Return shell text in which the command takes the shell's place, so signals reach it."""
    tokens = shlex.shlex(command, posix=True, punctuation_chars=True)
    tokens.whitespace_split = True
    tokens.commenters = ""
    try:
        words = list(tokens)
    except ValueError as error:
        raise FlaskdashError(f"the Procfile's web line: {error}", hint=EXAMPLE) from error
    if any(set(word) <= set("();<>|&") for word in words if word) or words[0] == "exec":
        return command  # several commands: the shell has to stay
    return f"exec env {command}" if re.match(r"\w+=", command) else f"exec {command}"


def variables(project: Project, host: str, port: int) -> Mapping[str, str | None]:
    """Return the environment of the production process, on top of this one's."""
    # PORT is what hosting platforms set; by itself it makes gunicorn listen on every interface.
    # These arguments narrow that to the host, and the command's own --bind would go first.
    gunicorn = os.environ.get("GUNICORN_CMD_ARGS", "")
    if not re.search(r"(^|\s)(--bind|-b)", gunicorn):
        where = f"[{host}]" if ":" in host else host
        gunicorn = f"{gunicorn} --bind {where}:{port}".strip()
    path = os.pathsep.join([str(project.scripts), os.environ.get("PATH", os.defpath)])
    return {"PORT": str(port), "PATH": path, "FLASK_DEBUG": None, "GUNICORN_CMD_ARGS": gunicorn}
