"""Rules about the project's code: mistakes that only show on a server."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping
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
# Absolute paths that only exist on the author's machine.
LOCAL_PATH = re.compile(r"[A-Za-z]:[\\/]|/(home|Users|root|mnt|Desktop)/|~[\\/]")


def server(project: Project) -> Iterator[Finding]:
    """Find app.run() at import: it blocks gunicorn, which then never serves."""
    for path, tree in syntax.modules(project):
        apps = APPS | {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and _makes_app(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in _at_import(tree):
            if not isinstance(call.func, ast.Attribute) or call.func.attr != "run":
                continue
            owner = call.func.value
            if (isinstance(owner, ast.Name) and owner.id in apps) or _makes_app(owner):
                yield Finding(
                    f"{path}, line {call.lineno} runs a development server when it is imported",
                    'Move it below: if __name__ == "__main__":',
                )


def paths(project: Project) -> Iterator[Finding]:
    """Find relative paths of files, and absolute ones that only exist on this machine."""
    for path, tree in syntax.modules(project):
        constants = syntax.constants(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = _file_name(node, constants)
            must_exist = syntax.called(node.func) == "Path"
            if LOCAL_PATH.match(name):
                yield Finding(
                    f"{path}, line {node.lineno} names {name}, which only exists on this machine",
                    "Copy the file into data/",
                )
            elif name and _is_relative(project, path, name, must_exist=must_exist):
                yield Finding(
                    f"{path}, line {node.lineno} names {name}, which depends on the working"
                    " directory",
                    _from_file(path, name),
                )


def _file_name(node: ast.Call, constants: Mapping[str, str]) -> str:
    """Return the file name in a call that reads a file, or ""."""
    if not READS.fullmatch(syntax.called(node.func)) or _is_method_of_path(node) or not node.args:
        return ""
    argument = node.args[0]
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return constants.get(argument.id, "") if isinstance(argument, ast.Name) else ""


def secret_key(project: Project) -> Iterator[Finding]:
    """Find a SECRET_KEY in the code, or one that is easy to guess; note one that is not set."""
    for path, tree in syntax.modules(project):
        lines = {getattr(node, "lineno", 1) for node in ast.walk(tree) if _sets_key(node)}
        for line in sorted(lines):
            yield Finding(
                f"{path}, line {line} contains the SECRET_KEY, with which anybody can sign cookies",
                'Read it from os.environ["SECRET_KEY"], and set a new key',
            )
    key = os.environ.get("SECRET_KEY") or dotenv(project.root / ".env").get("SECRET_KEY")
    if not key:
        yield Finding(
            "SECRET_KEY is not set here, and the app does not start without it",
            "flaskdash check --fix (it writes one to .env)",
            is_note=True,
        )
    elif len(key) < SHORTEST_KEY or len(set(key)) < SHORTEST_KEY / 2:
        yield Finding(
            "SECRET_KEY is easy to guess", 'python -c "import secrets; print(secrets.token_hex())"'
        )


def set_secret_key(project: Project) -> Iterator[str]:
    """Write a new SECRET_KEY to .env if none is set."""
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
    """Note data on the disk, which platforms delete with a new release or a restart."""
    for path, tree in syntax.modules(project):
        has_uploads = any(getattr(node, "attr", "") == "files" for node in ast.walk(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (action := _writing(node, has_uploads)):
                yield Finding(
                    f"{path}, line {node.lineno} {action}, which is lost with the next release if"
                    " each release has a disk of its own",
                    "Use a database, or a permanent folder (INSTANCE_PATH)",
                    is_note=True,
                )
    env = dotenv(project.root / ".env")
    has_tables = (project.root / "app/blueprints/database").is_dir()
    if has_tables and not {"DATABASE_URL", "APP_DATABASE_URL"} & {*env, *os.environ}:
        yield Finding(
            "the tables of the project are in instance/app.sqlite, on this machine's disk",
            "Set DATABASE_URL on a target whose disk is lost at a restart",
            is_note=True,
        )
    for name, value in env.items():
        if value.startswith("sqlite:"):
            yield Finding(
                f"{name} in .env is an SQLite database on this machine's disk",
                "Use another database, or a read-only one in data/",
                is_note=True,
            )


def escaping(project: Project) -> Iterator[Finding]:
    """Find unescaped data in templates: a </script> in the data would end the script."""
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
            continue  # the project's tests report it
        for node in tree.find_all(nodes.Filter):
            value = node.node
            is_json = isinstance(value, nodes.Filter) and value.name == "tojson"
            if node.name != "safe" or is_json:
                continue
            if isinstance(value, nodes.Const | nodes.TemplateData):
                continue
            yield Finding(
                f"{path}, line {node.lineno} writes {_name(value) or 'a value'} unescaped (|safe)",
                "Use |tojson in a script, and no filter elsewhere",
                is_note=not _is_in_script(text, node.lineno),  # it may be intended HTML
            )
        for modifier in tree.find_all(nodes.EvalContextModifier):
            if any(
                option.key == "autoescape" and getattr(option.value, "value", None) is False
                for option in modifier.options
            ):
                yield Finding(
                    f"{path}, line {modifier.lineno} turns escaping off", "Remove {% autoescape %}"
                )


SHORTEST_KEY = 16


def _is_in_script(template: str, line: int) -> bool:
    """Return whether the |safe in a line of a template is inside a script."""
    lines = template.splitlines()[:line]
    before = "\n".join([*lines[:-1], lines[-1].partition("|safe")[0]]).lower()
    return before.rfind("<script") > before.rfind("</script")


def _name(node: object) -> str:
    """Return the source of a template expression such as a.b|c; "" for other expressions."""
    from jinja2 import nodes

    if isinstance(node, nodes.Getattr):
        return f"{_name(node.node)}.{node.attr}"
    if isinstance(node, nodes.Filter):
        return f"{_name(node.node)}|{node.name}"
    return node.name if isinstance(node, nodes.Name) else ""


def _at_import(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield the calls that run when a module is imported, or when its app is created."""
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            stack += node.orelse
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "create_app":
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Call):
            yield node
        stack += ast.iter_child_nodes(node)


def _makes_app(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and syntax.called(node.func) in MAKES_APP


def _is_method_of_path(node: ast.Call) -> bool:
    """Return whether a call is a method of a path object: path.open("w")."""
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr == "open"
        and not (
            isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"gzip", "bz2", "lzma", "io"}
        )
    )


def _is_relative(project: Project, path: PurePosixPath, name: str, *, must_exist: bool) -> bool:
    """Return whether a text is the relative path of a file.

    With `must_exist`, the file must exist in the project, as the text may not be a path at all.
    """
    name = name.replace("\\", "/")
    if "://" in name or name.startswith("/") or not re.search(r"[\w-]\.\w{1,8}$|/", name):
        return False
    folders = (".", path.parent, "data")
    return any((project.root / folder / name).exists() for folder in folders) or (
        "/" in name and not must_exist
    )


def _from_file(path: PurePosixPath, name: str) -> str:
    parts = [
        part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in (".", "..")
    ]
    joined = " / ".join(f'"{part}"' for part in parts)
    return f"Path(__file__).parents[{len(path.parts) - 1}] / {joined}"


def _sets_key(node: ast.AST) -> bool:
    """Return whether code sets SECRET_KEY to a text: by assignment, argument, entry or default."""
    if isinstance(node, ast.Assign):
        return any(_is_key(target) for target in node.targets) and _has_text(node.value)
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return _is_key(node.target) and _has_text(node.value)
    if isinstance(node, ast.Call):
        keys = [word for word in node.keywords if (word.arg or "").upper() == "SECRET_KEY"]
        return any(_has_text(word.value) for word in keys) or _has_default_key(node)
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
        return any(_has_text(operand) for operand in value.values)
    return (
        isinstance(value, ast.Constant)
        and isinstance(value.value, str | bytes)
        and bool(value.value)
    )


def _has_default_key(node: ast.Call) -> bool:
    """Return whether a call is like os.environ.get("SECRET_KEY", "a default")."""
    if syntax.called(node.func) not in {"get", "getenv", "setdefault"} or len(node.args) != 2:
        return False
    name, default = node.args
    return isinstance(name, ast.Constant) and name.value == "SECRET_KEY" and _has_text(default)


def _writing(node: ast.Call, has_uploads: bool) -> str:
    """Return in words how a call writes a file with a fixed name to the disk, or ""."""
    name = syntax.called(node.func)
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if name == "connect" and owner is not None and syntax.called(owner) == "sqlite3":
        return "" if "mode=ro" in ast.unparse(node) else "opens an SQLite database"
    if name == "save" and has_uploads and node.args:
        return "saves an upload"
    if WRITES.fullmatch(name) and owner is not None:
        target = node.args[0] if name.startswith("to_") and node.args else owner
        return "writes a file" if _names_file(target) else ""
    mode = node.args[1] if len(node.args) > 1 else None
    mode = next((word.value for word in node.keywords if word.arg == "mode"), mode)
    writes = isinstance(mode, ast.Constant) and OPENS_TO_WRITE.fullmatch(str(mode.value))
    return "writes a file" if name == "open" and writes and _names_file(node.args[0]) else ""


def _names_file(node: ast.expr) -> bool:
    return any(
        isinstance(child, ast.Constant) and re.search(r"\w\.\w+$", str(child.value))
        for child in ast.walk(node)
    )
