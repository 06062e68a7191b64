"""`flaskdash serve --prod`: run the web line of the Procfile on this machine."""

import os
import re
import secrets
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

from dotenv import dotenv_values

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project
from flaskdash.serve.listen import free_port, url

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
DIFFERENCES = """\
As in production: nothing reloads, errors are in this log only, loaders run in processes of their
own, and cookies are sent over https only, but for this machine itself."""
EXAMPLE = 'web: gunicorn "app:create_app()"'


def serve_production(
    project: Project, host: str, port: int, echo: Callable[[str], None]
) -> NoReturn:
    """Replace this process by the Procfile's web process, so that flaskdash no longer runs."""
    if sys.platform == "win32":
        raise FlaskdashError(
            "--prod needs gunicorn, which does not run on Windows. Use WSL, or leave out --prod.",
            hint="flaskdash serve",
        )
    command = web_command(project)
    free = free_port(host, port)
    if port not in (0, free):
        echo(f"Port {port} is in use; serving on port {free}")
    settings = dict(variables(project, host, free))
    if not has_secret_key(project):
        settings["SECRET_KEY"] = secrets.token_hex()
        echo("SECRET_KEY is not set: a random one is used, until this ends.")
    echo(f"Running {command} on {url(host, free)} (Ctrl-C to stop)")
    echo(DIFFERENCES)
    sys.stdout.flush()
    if host in LOOPBACK and "SESSION_COOKIE_SECURE" not in os.environ:
        settings["SESSION_COOKIE_SECURE"] = "0"  # Safari refuses Secure cookies from http
    shell.replace(["sh", "-c", as_exec(command)], project.root, settings)


def has_secret_key(project: Project) -> bool:
    """Return whether the environment or .env has a SECRET_KEY."""
    file = project.root / ".env"
    return bool(os.environ.get("SECRET_KEY") or dotenv_values(file).get("SECRET_KEY"))


def web_command(project: Project) -> str:
    """Return the command of the web line in the project's Procfile."""
    try:
        text = (project.root / "Procfile").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise FlaskdashError(
            f"{project.root} has no Procfile. Create one with a web line.", hint=EXAMPLE
        ) from error
    return parse_web(text)


def parse_web(text: str) -> str:
    """Return the command of the web line in the text of a Procfile."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, command = line.partition(":")
        if not colon or not re.fullmatch(r"[\w-]+", name.strip()) or not command.strip():
            raise FlaskdashError(
                f"Procfile, line {number} is not 'NAME: COMMAND': {line.strip()}. Correct it.",
                hint=EXAMPLE,
            )
        if name.strip() == "web":
            return command.strip()
    raise FlaskdashError("the Procfile has no web line. Add one.", hint=EXAMPLE)


def as_exec(command: str) -> str:
    """Prefix the command with `exec`, so that it replaces the shell and receives its signals."""
    tokens = shlex.shlex(command, posix=True, punctuation_chars=True)
    tokens.whitespace_split = True
    tokens.commenters = ""
    try:
        words = list(tokens)
    except ValueError as error:
        raise FlaskdashError(
            f"The Procfile's web line cannot be parsed: {error}. Correct it.", hint=EXAMPLE
        ) from error
    if any(set(word) <= set("();<>|&") for word in words if word) or words[0] == "exec":
        return command  # the shell has to run several commands, so it stays
    return f"exec env {command}" if re.match(r"\w+=", command) else f"exec {command}"


def variables(project: Project, host: str, port: int) -> Mapping[str, str | None]:
    """Return the variables that the production process gets in addition to this one's."""
    # Hosting platforms set PORT. It makes gunicorn listen on every interface, so these arguments
    # narrow that to the host. A --bind in the command itself takes precedence over them.
    gunicorn = os.environ.get("GUNICORN_CMD_ARGS", "")
    if not re.search(r"(^|\s)(--bind|-b)", gunicorn):
        address = f"[{host}]" if ":" in host else host
        gunicorn = f"{gunicorn} --bind {address}:{port}".strip()
    path = os.pathsep.join([str(project.scripts), os.environ.get("PATH", os.defpath)])
    return {"PORT": str(port), "PATH": path, "FLASK_DEBUG": None, "GUNICORN_CMD_ARGS": gunicorn}
