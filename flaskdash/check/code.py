"""Rules that read the project's code: what works on one's own machine, and not on a server."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from flaskdash.check import syntax
from flaskdash.check.rule import Finding
from flaskdash.project import Project, dotenv
from flaskdash.ship import files

APPS = {"app", "application", "server"}
MAKES_APP = {"Flask", "create_app"}
READS = re.compile(
    r"open|Path|(read|scan)_(csv|excel|feather|fwf|hdf|json|ndjson|orc|parquet|pickle|table|xml)"
)
WRITES = re.compile(r"to_(csv|excel|json|parquet|pickle|feather|sql)|write_(text|bytes)")
OPENS_TO_WRITE = re.compile(r"[wax]b?\+?|r\+b?|[wax]\+?b?t?")
# What no server takes: a place of one person's own machine.
AT_HOME = re.compile(r"[A-Za-z]:[\\/]|/(home|Users|root|mnt|Desktop)/|~[\\/]")


def server(project: Project) -> Iterator[Finding]:
    """Find app.run() that runs when the code is imported: gunicorn would never come to serve."""
    for path, tree in syntax.modules(project):
        apps = APPS | {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and _makes_app(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in _at_import(tree):
            of = call.func.value if isinstance(call.func, ast.Attribute) else None
            named = isinstance(of, ast.Name) and of.id in apps
            if syntax.called(call.func) == "run" and of is not None and (named or _makes_app(of)):
                yield Finding(
                    f"{path}, line {call.lineno} runs a development server when it is imported",
                    'put it below: if __name__ == "__main__":',
                )


def paths(project: Project) -> Iterator[Finding]:
    """Find files that are named from the working directory, or from one person's own folders."""
    for path, tree in syntax.modules(project):
        known = syntax.constants(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not READS.fullmatch(syntax.called(node.func)):
                continue
            if _reads_method(node) or not node.args:
                continue
            said = node.args[0]
            name = known.get(said.id) if isinstance(said, ast.Name) else None
            if isinstance(said, ast.Constant) and isinstance(said.value, str):
                name = said.value
            if name and AT_HOME.match(name):
                yield Finding(
                    f"{path}, line {node.lineno} names {name}, which is on this machine alone",
                    "copy the file into data/",
                )
            elif name and _is_relative(project, path, name, syntax.called(node.func) == "Path"):
                yield Finding(
                    f"{path}, line {node.lineno} names {name}, which depends on the working directory",
                    _from_file(path, name),
                )


def secret_key(project: Project) -> Iterator[Finding]:
    """Find a SECRET_KEY that is written in the code or easy to guess; note one that is not set."""
    for path, tree in syntax.modules(project):
        lines = {getattr(node, "lineno", 1) for node in ast.walk(tree) if _gives_key(node)}
        for line in sorted(lines):
            yield Finding(
                f"{path}, line {line} holds the SECRET_KEY",
                'os.environ["SECRET_KEY"], and a new key: who knows it can sign cookies',
            )
    key = os.environ.get("SECRET_KEY") or dotenv(project.root / ".env").get("SECRET_KEY")
    if not key:
        yield Finding(
            "SECRET_KEY is not set here; the app does not start where it is not",
            "flaskdash check --fix, which writes one into .env",
            is_note=True,
        )
    elif len(key) < SHORTEST_KEY or len(set(key)) < SHORTEST_KEY / 2:
        yield Finding(
            "SECRET_KEY is easy to guess", 'python -c "import secrets; print(secrets.token_hex())"'
        )


def set_secret_key(project: Project) -> Iterator[str]:
    """Write a new SECRET_KEY into .env where none is set."""
    import secrets

    if os.environ.get("SECRET_KEY") or dotenv(project.root / ".env").get("SECRET_KEY"):
        return
    env = project.root / ".env"
    before = env.read_text("utf-8") if env.exists() else ""
    lines = [line for line in before.splitlines() if not re.match(r"\s*SECRET_KEY\s*=\s*$", line)]
    env.touch(mode=0o600)
    env.write_text("\n".join([*lines, f"SECRET_KEY={secrets.token_hex()}", ""]), "utf-8")
    yield ".env: a new SECRET_KEY"


def disk(project: Project) -> Iterator[Finding]:
    """Note what is kept on the disk, which a new release or a restart of a platform throws away."""
    for path, tree in syntax.modules(project):
        uploads = any(getattr(node, "attr", "") == "files" for node in ast.walk(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (what := _keeps(node, uploads)):
                yield Finding(
                    f"{path}, line {node.lineno} {what}; where a release brings its own disk, that"
                    " is lost with the next one",
                    "a database, or a folder that stays (INSTANCE_PATH)",
                    is_note=True,
                )
    for name, value in dotenv(project.root / ".env").items():
        if value.startswith("sqlite:"):
            yield Finding(
                f"{name} in .env is an SQLite database on this machine's disk",
                "another database, or one that is only read and lies in data/",
                is_note=True,
            )


def escaping(project: Project) -> Iterator[Finding]:
    """Find data that templates write without escaping it: a </script> in it ends a script."""
    from jinja2 import Environment, TemplateSyntaxError, nodes

    environment = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])  # noqa: S701
    for path in files.shipped(project):
        if path.suffix not in {".html", ".htm", ".xml", ".svg", ".jinja", ".j2"}:
            continue
        if "templates" not in path.parts or files.escapes(project, path):
            continue
        try:
            text = syntax.text(project, path)
            tree = environment.parse(text)
        except TemplateSyntaxError:
            continue  # the tests say so
        for node in tree.find_all(nodes.Filter):
            what = node.node
            if node.name != "safe" or (isinstance(what, nodes.Filter) and what.name == "tojson"):
                continue
            if isinstance(what, nodes.Const | nodes.TemplateData):
                continue
            yield Finding(
                f"{path}, line {node.lineno} writes {_name(what) or 'a value'} unescaped (|safe)",
                "|tojson in a script, and no filter at all elsewhere",
                is_note=not _is_in_script(text, node.lineno),  # it may be HTML that is meant
            )
        for found in tree.find_all(nodes.EvalContextModifier):
            if any(
                option.key == "autoescape" and getattr(option.value, "value", None) is False
                for option in found.options
            ):
                yield Finding(
                    f"{path}, line {found.lineno} turns escaping off", "take {% autoescape %} out"
                )


SHORTEST_KEY = 16


def _is_in_script(template: str, line: int) -> bool:
    """Return whether what a line of a template writes unescaped stands in a script."""
    lines = template.splitlines()[:line]
    before = "\n".join([*lines[:-1], lines[-1].partition("|safe")[0]]).lower()
    return before.rfind("<script") > before.rfind("</script")


def _name(node: object) -> str:
    """Return a template's expression such as a.b|c in its own words; nothing of any other."""
    from jinja2 import nodes

    if isinstance(node, nodes.Getattr):
        return f"{_name(node.node)}.{node.attr}"
    if isinstance(node, nodes.Filter):
        return f"{_name(node.node)}|{node.name}"
    return node.name if isinstance(node, nodes.Name) else ""


def _at_import(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield the calls that are made when a module is imported, or when its app is created."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            todo += node.orelse
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "create_app":
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Call):
            yield node
        todo += ast.iter_child_nodes(node)


def _makes_app(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and syntax.called(node.func) in MAKES_APP


def _reads_method(node: ast.Call) -> bool:
    """Return whether it is a method of something that is a path already: path.open("w")."""
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr == "open"
        and not (
            isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"gzip", "bz2", "lzma", "io"}
        )
    )


def _is_relative(project: Project, path: PurePosixPath, name: str, may_be_other: bool) -> bool:
    """Return whether a name is that of a file below the working directory, wherever that is."""
    name = name.replace("\\", "/")
    if "://" in name or name.startswith("/") or not re.search(r"[\w-]\.\w{1,8}$|/", name):
        return False
    folders = (".", path.parent, "data")
    return any((project.root / folder / name).exists() for folder in folders) or (
        "/" in name and not may_be_other
    )


def _from_file(path: PurePosixPath, name: str) -> str:
    parts = [
        part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in (".", "..")
    ]
    joined = " / ".join(f'"{part}"' for part in parts)
    return f"Path(__file__).parents[{len(path.parts) - 1}] / {joined}"


def _gives_key(node: ast.AST) -> bool:
    """Return whether code gives SECRET_KEY a text: by assignment, argument, entry or default."""
    if isinstance(node, ast.Assign):
        return any(_is_key(target) for target in node.targets) and _has_text(node.value)
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return _is_key(node.target) and _has_text(node.value)
    if isinstance(node, ast.Call):
        said = [word for word in node.keywords if (word.arg or "").upper() == "SECRET_KEY"]
        return any(_has_text(word.value) for word in said) or _default(node)
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return any(
            isinstance(key, ast.Constant) and key.value == "SECRET_KEY" and _has_text(value)
            for key, value in pairs
        )
    return False


def _is_key(target: ast.expr) -> bool:
    if isinstance(target, ast.Subscript):
        return isinstance(target.slice, ast.Constant) and target.slice.value == "SECRET_KEY"
    return syntax.called(target).upper() == "SECRET_KEY"


def _has_text(value: ast.expr) -> bool:
    if isinstance(value, ast.BoolOp):
        return any(_has_text(one) for one in value.values)
    return (
        isinstance(value, ast.Constant)
        and isinstance(value.value, str | bytes)
        and bool(value.value)
    )


def _default(node: ast.Call) -> bool:
    """Return whether it is os.environ.get("SECRET_KEY", "a default") or the like."""
    if syntax.called(node.func) not in {"get", "getenv", "setdefault"} or len(node.args) != 2:
        return False
    name, default = node.args
    return isinstance(name, ast.Constant) and name.value == "SECRET_KEY" and _has_text(default)


def _keeps(node: ast.Call, uploads: bool) -> str:
    """Return in words what a call keeps on the disk by a name of its own, or nothing."""
    name = syntax.called(node.func)
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if name == "connect" and owner is not None and syntax.called(owner) == "sqlite3":
        return "opens an SQLite database"
    if name == "save" and uploads and node.args:
        return "keeps an upload"
    if WRITES.fullmatch(name) and owner is not None:
        named = node.args[0] if name.startswith("to_") and node.args else owner
        return "writes a file" if _names_file(named) else ""
    mode = node.args[1] if len(node.args) > 1 else None
    mode = next((word.value for word in node.keywords if word.arg == "mode"), mode)
    writes = isinstance(mode, ast.Constant) and OPENS_TO_WRITE.fullmatch(str(mode.value))
    return "writes a file" if name == "open" and writes and _names_file(node.args[0]) else ""


def _names_file(node: ast.expr) -> bool:
    return any(
        isinstance(one, ast.Constant) and re.search(r"\w\.\w+$", str(one.value))
        for one in ast.walk(node)
    )
