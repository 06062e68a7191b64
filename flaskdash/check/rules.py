"""The preflight's rules: each yields what is wrong, with its fix, or what is worth a note."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from flaskdash import shell
from flaskdash.check import code, git, syntax
from flaskdash.check import text as text_rules
from flaskdash.check.audit import audit
from flaskdash.check.boots import boots
from flaskdash.check.contract import contract
from flaskdash.check.imports import imports
from flaskdash.check.rule import Finding, Rule
from flaskdash.progress import working
from flaskdash.project import Project, dotenv
from flaskdash.project.environment import UNREACHABLE, ensure_environment
from flaskdash.serve.prod import web_command
from flaskdash.ship import files, leaks, lockfile

ON = {"1", "true", "yes", "on"}
STALE = "needs to be updated"
NO_TESTS = 5  # pytest's exit code when it found none
RESERVED = {
    "requirements.txt": "delete it: uv.lock is the one lock, and the bundle's list comes from it",
    "start": "rename it: the bundle's own start script has this name",
    "wheels": "rename it: the bundle's own wheels are in a folder of this name",
}


def procfile(project: Project) -> Iterator[Finding]:
    """Find a Procfile that is missing, has no web line, or a line without its colon."""
    web_command(project)  # it raises the finding
    yield from ()


def mend_procfile(project: Project) -> Iterator[str]:
    """Put in the colon that `web gunicorn ...` lacks."""
    text = syntax.text(project, "Procfile")
    mended = re.sub(r"(?m)^(web|release)[ \t]+(?!:)(?=\S)", r"\1: ", text)
    if mended != text:
        (project.root / "Procfile").write_text(mended, "utf-8", newline="")
        yield "Procfile: a colon"


def mend_debug(project: Project) -> Iterator[str]:
    """Take FLASK_DEBUG out of .env and .flaskenv."""
    for name in (".env", ".flaskenv"):
        if dotenv(project.root / name).get("FLASK_DEBUG", "").lower() in ON:
            file = project.root / name
            lines = file.read_text("utf-8").splitlines(keepends=True)
            kept = [line for line in lines if not re.match(r"\s*(export\s+)?FLASK_DEBUG\s*=", line)]
            file.write_text("".join(kept), "utf-8")
            yield f"{name}: no FLASK_DEBUG"


def debug(project: Project) -> Iterator[Finding]:
    """Find debug mode that is on: in .env, in the Procfile or in the code."""
    for name in (".env", ".flaskenv"):
        if dotenv(project.root / name).get("FLASK_DEBUG", "").lower() in ON:
            yield Finding(f"{name} sets FLASK_DEBUG", "take the line out; flaskdash serve sets it")
    text = syntax.text(project, "Procfile")
    if re.search(rf"FLASK_DEBUG=[\"']?({'|'.join(ON)})\b|\s--debug\b", text, re.IGNORECASE):
        yield Finding("the Procfile turns debug on", "take that out")
    for path, tree in syntax.modules(project):
        for line in _debug_lines(tree):
            yield Finding(f"{path}, line {line} turns debug on", "take that out")


def data(project: Project) -> Iterator[Finding]:
    """Find sources of loaders that are not there; note those that are not in git."""
    tracked = files.tracked(project)
    if tracked is None:
        yield Finding(
            "the project is not in git; all of its folder is taken but hidden files", is_note=True
        )
    for path in files.sources(project):
        if not (project.root / path).is_file():
            yield Finding(f"{path} is not there, and a loader reads it", "put the file there")
        elif path.is_absolute():
            yield Finding(
                f"a loader reads {path}, which is outside the project", "copy the file into data/"
            )
        elif tracked is not None and path not in tracked:
            yield Finding(f"{path} is not in git; it is shipped all the same", is_note=True)


def shipped_files(project: Project) -> Iterator[Finding]:
    """Find files that can't be shipped: links out of the project, and names that are taken."""
    found = files.shipped(project)
    if not any(path.parts[0] == "app" for path in found):
        yield Finding("no file of app/ would be shipped", "git status, and look at .gitignore")
    for path in found:
        if files.escapes(project, path):
            yield Finding(f"{path} leads out of the project", "put the file itself there")
    for name in sorted({path.parts[0] for path in found} & set(RESERVED)):
        yield Finding(f"the project has {name} at its root", RESERVED[name])


def no_secrets(project: Project) -> Iterator[Finding]:
    """Find secrets in what is shipped, and an .env that is in git."""
    for path in sorted(files.tracked(project) or ()):
        if files.is_env(path):
            yield Finding(f"{path} is in git", f"git rm --cached {path}, and change its secrets")
    secrets = leaks.project_secrets(project)
    for path in files.shipped(project):
        # What a link out of the project leads to is not read: shipped_files refuses it.
        if not files.escapes(project, path):
            for name in leaks.search(project.root / path, secrets):
                what = f"the value of {name}" if name in secrets else name
                yield Finding(f"{path} holds {what}", "take it out, and change the secret")


def lock(project: Project) -> Iterator[Finding]:
    """Find a uv.lock that is missing or does not fit pyproject.toml; works offline."""
    if not (project.root / "uv.lock").is_file():
        yield Finding("there is no uv.lock", "uv lock")
        return
    output = lockfile.check(project, offline=True)
    if output and STALE not in output:
        # Offline, uv passes a fresh lock but can't always name what is wrong with another.
        with working("Checking uv.lock against the package index..."):
            output = lockfile.check(project, offline=False)
    if STALE in output:
        yield Finding("uv.lock does not fit pyproject.toml", "uv lock")
    elif any(sign in output.lower() for sign in UNREACHABLE):
        yield Finding(
            "uv.lock does not seem to fit pyproject.toml, and the index can't be reached to say more",
            "uv lock, when the network is back",
        )
    elif output:
        yield Finding(f"uv.lock can't be used: {output}", "uv lock")


def dependencies(project: Project) -> Iterator[Finding]:
    """Find a server that is not among the main dependencies, and ones that have no wheel."""
    root = project.root
    if not lockfile.packages(root):
        return  # the lock's own rule says so
    uses_gunicorn = "gunicorn" in syntax.text(project, "Procfile")
    if uses_gunicorn and "gunicorn" not in lockfile.main_dependencies(root):
        yield Finding("gunicorn is not among the main dependencies", "uv add gunicorn")
    for name in lockfile.foreign(root):
        yield Finding(f"{name} comes from a folder or from git", "depend on a released version")


def environment(project: Project) -> Iterator[Finding]:
    """Make or update the environment, unless that would change the lock."""
    if next(lock(project), None) is None:
        notes: list[str] = []
        ensure_environment(project, notes.append)
        yield from (Finding(note, is_note=True) for note in notes)
    elif not project.python.exists():
        yield Finding("there is no environment, and uv.lock has to be mended first", "uv sync")


def tests(project: Project) -> Iterator[Finding]:
    """Run the project's own tests in its environment."""
    if not project.python.exists():
        yield Finding("the tests can't run: there is no environment")
        return
    try:
        shell.run([str(project.python), "-m", "pytest", "-q"], cwd=project.root)
    except shell.CommandError as error:
        if error.returncode == NO_TESTS:
            yield Finding("the project has no tests", is_note=True)
            return
        told = [line for line in error.output.splitlines() if line.startswith(("FAILED", "ERROR"))]
        last = error.output.strip().rpartition("\n")[2]
        yield Finding("; ".join(["the tests fail", *told[:5], last]), "uv run pytest")


# The quick ones first, and those that say what they are doing at the end, side by side.
ALL = (
    Rule("procfile", "the Procfile has a web line", procfile, mend_procfile),
    Rule("text", "tools can read the project's files", text_rules.text, text_rules.encode),
    Rule("debug", "debug is off", debug, mend_debug),
    Rule(
        "secret-key",
        "the SECRET_KEY is no one else's to know",
        code.secret_key,
        code.set_secret_key,
    ),
    Rule("server", "no server starts when the code is imported", code.server),
    Rule("paths", "files are named from the project's own folder", code.paths),
    Rule("escaping", "templates escape the data", code.escaping),
    Rule("data", "each loader's source file is there", data),
    Rule("disk", "nothing that must stay is kept on the disk", code.disk),
    Rule("files", "the files can be shipped as they are", shipped_files),
    Rule("git", "git ignores what must not go out", git.git, git.ignore),
    Rule("secrets", "no secret is in what is shipped", no_secrets),
    Rule("lock", "uv.lock is there and fits pyproject.toml", lock),
    Rule("dependencies", "the server is locked, and all comes as wheels", dependencies),
    Rule("environment", "the environment is what the lock says", environment),
    Rule("imports", "dependencies bring all that the code imports", imports),
    Rule("contract", "the code has the names that flaskdash uses", contract),
    Rule("tests", "the project's own tests pass", tests, doing="running the project's tests"),
    Rule(
        "boots",
        "it boots as in production, and all dashboards answer",
        boots,
        doing="booting it as in production",
    ),
    Rule(
        "audit", "no known vulnerability is in the lock", audit, doing="asking for vulnerabilities"
    ),
)


def _debug_lines(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that say debug=True, app.debug = True, DEBUG = True or ["DEBUG"] = True."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            on = [key.value for key in node.keywords if (key.arg or "").lower() == "debug"]
        elif isinstance(node, ast.Assign):
            on = [node.value] if any(_names_debug(target) for target in node.targets) else []
        else:
            continue
        if any(isinstance(value, ast.Constant) and value.value is True for value in on):
            yield node.lineno


def _names_debug(target: ast.expr) -> bool:
    if isinstance(target, ast.Subscript):
        return isinstance(target.slice, ast.Constant) and target.slice.value == "DEBUG"
    name = getattr(target, "attr", getattr(target, "id", ""))
    return str(name).lower() == "debug"
