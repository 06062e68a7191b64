"""Read and write one constant in the source of a chart, and leave every other byte as it is."""

import ast
import io
import re
import tokenize

DECLARED = {"TITLE", "DATA", "FILTERS", "DASHBOARDS", "ORDER", "SIZE", "SQL"}
NEWLINE = re.compile(rb"\r\n|\r|\n")


class RefusedError(Exception):
    """Why an edit is refused, in sentences for the user."""


def read(source: bytes, name: str) -> object:
    """Return the value of a constant, or None if the source does not assign it."""
    node = _value(_parse(source), name)
    return None if node is None else ast.literal_eval(node)


def docstring(source: bytes) -> str:
    """Return the docstring of a module, or "" if it has none or cannot be parsed."""
    try:
        return ast.get_docstring(_parse(source)) or ""
    except RefusedError:
        return ""


def write(source: bytes, name: str, value: int | str) -> bytes:
    """Return the source with a constant that has another value.

    If the source does not assign it, its line comes after the other constants of the chart.
    """
    tree = _parse(source)
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    text = source.decode(encoding).encode()  # ast counts the bytes of UTF-8
    starts = [0, *(match.end() for match in NEWLINE.finditer(text))]
    node = _value(tree, name)
    if node is not None:
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        new = _literal(value, text[begin:end].decode()).encode()
    else:
        last = max(
            (each.end_lineno or 0 for each in tree.body if _names(each) & DECLARED), default=0
        )
        if not last:
            raise RefusedError("It assigns none of the constants of a chart.")
        begin = end = starts[last] if last < len(starts) else len(text)
        newline = (NEWLINE.search(text) or [b"\n"])[0]
        new = f"{name} = {_literal(value)}".encode() + newline
        if last >= len(starts):  # the file does not end with a newline
            new = newline + new.removesuffix(newline)
    changed = (text[:begin] + new + text[end:]).decode().encode(encoding)
    if read(changed, name) != value or _without(_parse(changed), name) != _without(tree, name):
        raise RefusedError(f"Its line of {name} is not on a line of its own. Change it there.")
    return changed


def _parse(source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise RefusedError("It has a syntax error. Correct that first.") from error


def _value(tree: ast.Module, name: str) -> ast.expr | None:
    """Return the literal that is assigned to a name; None if the source does not assign it."""
    stored = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
    ]
    if not stored:
        return None
    values = [node.value for node in tree.body if _names(node) == {name}]  # type: ignore[attr-defined]
    if len(stored) == len(values) == 1 and values[0]:
        try:
            ast.literal_eval(values[0])
        except ValueError:
            pass
        else:
            return values[0]  # type: ignore[no-any-return]
    raise RefusedError(f"Its {name} is computed. Change it there.")


def _names(node: ast.stmt) -> set[str]:
    """Return the names that a statement such as `ORDER = 1` assigns."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    else:
        return set()
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _literal(value: int | str, old: str = "") -> str:
    """Return a value as Python; a text has the quotes of the old one."""
    quote = "'" if old.startswith("'") else '"'
    return f"{quote}{value}{quote}" if isinstance(value, str) else str(value)


def _without(tree: ast.Module, name: str) -> list[str]:
    return [ast.dump(node) for node in tree.body if _names(node) != {name}]
