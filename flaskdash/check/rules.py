"""The rules of the preflight; each yields failures with their fixes, and notes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from flaskdash import shell
from flaskdash.check import code, git, syntax
from flaskdash.check import text as text_rules
from flaskdash.check.audit import audit
from flaskdash.check.boots import boots
from flaskdash.check.case import case
from flaskdash.check.contract import contract
from flaskdash.check.imports import imports
from flaskdash.check.rule import Finding, Rule
from flaskdash.progress import working
from flaskdash.project import Project, contents, dotenv
from flaskdash.project.environment import UNREACHABLE, ensure_environment
from flaskdash.serve.prod import web_command
from flaskdash.ship import files, leaks, lockfile

ON = {"1", "true", "yes", "on"}
STALE = "needs to be updated"
NO_TESTS = 5  # pytest's exit code
RESERVED = {
    "requirements.txt": "Delete it: the bundle writes its own from uv.lock",
    "start": "Rename it: the bundle's start script has this name",
    "wheels": "Rename it: the bundle has a folder of wheels with this name",
}


def procfile(project: Project) -> Iterator[Finding]:
    """Find a Procfile that is missing, has no web line, or a line without its colon."""
    web_command(project)  # its error becomes the finding
    yield from ()


def mend_procfile(project: Project) -> Iterator[str]:
    """Insert the missing colon in `web gunicorn ...`."""
    text = syntax.text(project, "Procfile")
    mended = re.sub(r"(?m)^(web|release)[ \t]+(?!:)(?=\S)", r"\1: ", text)
    if mended != text:
        (project.root / "Procfile").write_text(mended, "utf-8", newline="")
        yield "Procfile: added a colon"


def mend_debug(project: Project) -> Iterator[str]:
    """Remove FLASK_DEBUG from .env and .flaskenv."""
    for name in (".env", ".flaskenv"):
        if dotenv(project.root / name).get("FLASK_DEBUG", "").lower() in ON:
            file = project.root / name
            lines = file.read_text("utf-8").splitlines(keepends=True)
            lines = [
                line for line in lines if not re.match(r"\s*(export\s+)?FLASK_DEBUG\s*=", line)
            ]
            file.write_text("".join(lines), "utf-8")
            yield f"{name}: removed FLASK_DEBUG"


def debug(project: Project) -> Iterator[Finding]:
    """Find debug mode that is on: in .env, in the Procfile or in the code."""
    for name in (".env", ".flaskenv"):
        if dotenv(project.root / name).get("FLASK_DEBUG", "").lower() in ON:
            yield Finding(f"{name} sets FLASK_DEBUG", "Remove the line; flaskdash serve sets it")
    text = syntax.text(project, "Procfile")
    if re.search(rf"FLASK_DEBUG=[\"']?({'|'.join(ON)})\b|\s--debug\b", text, re.IGNORECASE):
        yield Finding("the Procfile turns debug mode on", "Remove it")
    for path, tree in syntax.modules(project):
        for line in _debug_lines(tree):
            yield Finding(f"{path}, line {line} turns debug mode on", "Remove it")


def data(project: Project) -> Iterator[Finding]:
    """Find sources of loaders that do not exist; note those that are not in git."""
    tracked = files.tracked(project)
    if tracked is None:
        yield Finding(
            "the project is not in git, so all its files are shipped, except hidden ones",
            is_note=True,
        )
    for path in files.sources(project):
        if not (project.root / path).is_file():
            yield Finding(f"a loader reads {path}, which does not exist", "Put the file there")
        elif path.is_absolute():
            yield Finding(
                f"a loader reads {path}, which is outside the project", "Copy the file into data/"
            )
        elif tracked is not None and path not in tracked:
            yield Finding(f"{path} is not in git, but it is shipped", is_note=True)


def defaults(project: Project) -> Iterator[Finding]:
    """Note the charts of a dashboard whose filters have different defaults."""
    charts = contents.charts(project)
    for title, names in contents.dashboards(project).items():
        first: dict[str, contents.ChartFile] = {}
        for chart in (charts[name] for name in names):
            for column, default in chart.defaults.items():
                earlier = first.setdefault(column, chart)
                if earlier.defaults[column] != default:
                    yield Finding(
                        f"{title} starts with {column} = {earlier.defaults[column]}, the default in"
                        f" {earlier.path.name}; {chart.path.name} has {default}",
                        is_note=True,
                    )


def roles(project: Project) -> Iterator[Finding]:
    """Note the roles of charts and dashboards that no account can have."""
    known = contents.account_roles(project)
    if not known:
        return  # without accounts, only the code of a login knows its roles
    places = {
        f"DASHBOARD_ROLES in app/config.py: {title}": declared
        for title, declared in contents.dashboard_roles(project).items()
    }
    for chart in contents.charts(project).values():
        places[f"ROLES in app/charts/{chart.path.name}"] = chart.roles
    for place, declared in places.items():
        for role in sorted({*declared} - {*known}):
            yield Finding(
                f"{place} names the role {role!r}, which no account has: they are {', '.join(known)}",
                is_note=True,
            )


def shipped_files(project: Project) -> Iterator[Finding]:
    """Find files that cannot be shipped: links out of the project, and reserved names."""
    paths = files.shipped(project)
    if not any(path.parts[0] == "app" for path in paths):
        yield Finding(
            "no file of app/ would be shipped, perhaps because of .gitignore",
            "git status --ignored",
        )
    for path in paths:
        if files.escapes(project, path):
            yield Finding(f"{path} is a link out of the project", "Replace it with the file")
    for name in sorted({path.parts[0] for path in paths} & set(RESERVED)):
        yield Finding(f"the project has {name} at its root", RESERVED[name])


def no_secrets(project: Project) -> Iterator[Finding]:
    """Find secrets in the shipped files, and an .env in git."""
    for path in sorted(files.tracked(project) or ()):
        if files.is_env(path):
            yield Finding(f"{path} is in git", f"git rm --cached {path} (and change its secrets)")
    secrets = leaks.project_secrets(project)
    for path in files.shipped(project):
        # Links out of the project are not followed: shipped_files refuses them.
        if not files.escapes(project, path):
            for name in leaks.search(project.root / path, secrets):
                secret = f"the value of {name}" if name in secrets else name
                yield Finding(f"{path} contains {secret}", "Remove it, and change the secret")


def lock(project: Project) -> Iterator[Finding]:
    """Find a uv.lock that is missing or does not fit pyproject.toml; works offline."""
    if not (project.root / "uv.lock").is_file():
        yield Finding("there is no uv.lock", "uv lock")
        return
    output = lockfile.check(project, offline=True)
    if output and STALE not in output:
        # Offline, uv accepts a fresh lock, but cannot always tell what is wrong with another.
        with working("Checking uv.lock against the package index..."):
            output = lockfile.check(project, offline=False)
    if STALE in output:
        yield Finding("uv.lock does not match pyproject.toml", "uv lock")
    elif any(sign in output.lower() for sign in UNREACHABLE):
        yield Finding(
            "uv.lock may not match pyproject.toml: the package index cannot be reached",
            "uv lock (when the network is back)",
        )
    elif output:
        yield Finding(f"uv.lock is not usable: {output}", "uv lock")


def dependencies(project: Project) -> Iterator[Finding]:
    """Find a server that is not a main dependency, and dependencies without a wheel."""
    root = project.root
    if not lockfile.packages(root):
        return  # the rule of the lock reports it
    uses_gunicorn = "gunicorn" in syntax.text(project, "Procfile")
    if uses_gunicorn and "gunicorn" not in lockfile.main_dependencies(root):
        yield Finding("gunicorn is not among the main dependencies", "uv add gunicorn")
    for name in lockfile.foreign(root):
        yield Finding(f"{name} comes from a folder or from git", "Depend on a released version")


def environment(project: Project) -> Iterator[Finding]:
    """Make or update the environment, unless that would change the lock."""
    if next(lock(project), None) is None:
        notes: list[str] = []
        ensure_environment(project, notes.append)
        yield from (Finding(note, is_note=True) for note in notes)
    elif not project.python.exists():
        yield Finding("there is no environment, and uv.lock must be corrected first", "uv sync")


def tests(project: Project) -> Iterator[Finding]:
    """Run the project's own tests in its environment."""
    if not project.python.exists():
        yield Finding("the tests cannot run: there is no environment")
        return
    try:
        shell.run([str(project.python), "-m", "pytest", "-q"], cwd=project.root)
    except shell.CommandError as error:
        if error.returncode == NO_TESTS:
            yield Finding("the project has no tests", is_note=True)
            return
        lines = error.output.strip().splitlines() or ["it printed nothing"]
        failures = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
        yield Finding("; ".join(["the tests fail", *failures[:5], lines[-1]]), "uv run pytest")


# The quick rules first; the slow ones at the end run in parallel.
ALL = (
    Rule("procfile", "the Procfile has a web line", procfile, mend_procfile),
    Rule("text", "tools can read the project's files", text_rules.text, text_rules.encode),
    Rule("debug", "debug mode is off", debug, mend_debug),
    Rule(
        "secret-key",
        "the SECRET_KEY is secret and hard to guess",
        code.secret_key,
        code.set_secret_key,
    ),
    Rule("server", "no server starts when the code is imported", code.server),
    Rule("paths", "paths of files start from the project's folder", code.paths),
    Rule("escaping", "templates escape the data", code.escaping),
    Rule("data", "each loader's source file exists", data),
    Rule("defaults", "charts have the same defaults of filters", defaults),
    Rule("roles", "accounts have the roles of charts and dashboards", roles),
    Rule("disk", "no permanent data is on the disk", code.disk),
    Rule("files", "the files can be shipped as they are", shipped_files),
    Rule("case", "file names have the same case everywhere", case),
    Rule("git", "git ignores private files", git.git, git.ignore),
    Rule("secrets", "no shipped file contains a secret", no_secrets),
    Rule("lock", "uv.lock exists and matches pyproject.toml", lock),
    Rule("dependencies", "the server is a dependency, and all packages have wheels", dependencies),
    Rule("environment", "the environment matches uv.lock", environment),
    Rule(
        "imports",
        "the dependencies install all that the code imports",
        imports,
        doing="looking up the code's imports",
    ),
    Rule(
        "contract",
        "the code has the names that flaskdash uses",
        contract,
        doing="comparing the code with the contract",
    ),
    Rule("tests", "the project's tests pass", tests, doing="running the project's tests"),
    Rule(
        "boots",
        "it starts as in production, and all dashboards answer",
        boots,
        doing="starting it as in production",
    ),
    Rule(
        "audit",
        "no locked package has a known vulnerability",
        audit,
        doing="looking up vulnerabilities",
        only_lock=True,
    ),
)


def _debug_lines(tree: ast.Module) -> Iterator[int]:
    """Yield the lines with debug=True, app.debug = True, DEBUG = True or ["DEBUG"] = True."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            values = [key.value for key in node.keywords if (key.arg or "").lower() == "debug"]
        elif isinstance(node, ast.Assign):
            values = [node.value] if any(_names_debug(target) for target in node.targets) else []
        else:
            continue
        if any(isinstance(value, ast.Constant) and value.value is True for value in values):
            yield node.lineno


def _names_debug(target: ast.expr) -> bool:
    if isinstance(target, ast.Subscript):
        return isinstance(target.slice, ast.Constant) and target.slice.value == "DEBUG"
    name = getattr(target, "attr", getattr(target, "id", ""))
    return str(name).lower() == "debug"
