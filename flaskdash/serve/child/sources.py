"""What the source of a module says: what it imports, and whether it changes anything but itself."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

# A module may call functions of these while it is imported, and anywhere for their effect. They
# leave nothing in the process, except that load_dotenv() copies .env, and a saved .env restarts.
QUIET = {"collections", "concurrent", "contextlib", "dataclasses", "datetime", "decimal", "dotenv"}
QUIET |= {"enum", "flask", "functools", "itertools", "json", "markdown_it", "markupsafe", "math"}
QUIET |= {"operator", "pathlib", "re", "string", "time", "types", "typing", "typing_extensions"}
QUIET |= {"abc", "html", "textwrap", "uuid", "__future__"}
# Further functions that only return something.
RETURNING = {"logging.getLogger", "threading.BoundedSemaphore", "threading.Lock", "threading.RLock"}
RETURNING |= {"threading.Event", "threading.local", "pandas.DataFrame", "pandas.Timestamp"}
LOGGING = {"critical", "debug", "error", "exception", "info", "log", "warning"}
LOUD = {"breakpoint", "delattr", "eval", "exec", "globals", "input", "open", "setattr", "vars"}
LOUD |= {"__import__"}
# Names of functions that change the process, wherever they are from and however they are called.
SETTERS = {"addHandler", "basicConfig", "chdir", "dictConfig", "filterwarnings", "putenv"}
SETTERS |= {"register", "set_option", "setlocale", "setLevel", "settrace", "signal", "simplefilter"}


@dataclass(frozen=True)
class Source:
    """A module's source."""

    time: int  # when it was saved, in ns
    imports: frozenset[str] = frozenset()
    """The modules that it may import: too many rather than too few."""
    declares: bool = False
    """Whether importing it surely changes nothing outside of the project's modules."""
    acts: bool = True
    """Whether something in it may change other packages, now or later."""

    @property
    def is_quiet(self) -> bool:
        return self.declares and not self.acts


def read(path: Path, name: PurePath, time: int) -> Source:
    """Read a module; `name` is relative to the project."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return Source(time)
    scope = Scope(tree)
    return Source(time, frozenset(_imports(scope.nodes, name)), scope.declares(tree), scope.acts())


class Scope:
    """The names that a module imports, anywhere in it, and what they stand for."""

    def __init__(self, tree: ast.Module) -> None:
        self.outside: dict[str, str] = {}  # the full names of what is from other packages
        self.project: set[str] = set()
        self.nodes = [*ast.walk(tree)]
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.name if alias.asname else alias.name.partition(".")[0]
                    self._add(alias.asname or name, name)
            elif isinstance(node, ast.ImportFrom):
                base = "app" if node.level else node.module or ""
                for alias in node.names:
                    self._add(alias.asname or alias.name, f"{base}.{alias.name}")
        for node in self.nodes:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and (
                node in tree.body or not isinstance(node.value, ast.Call)
            ):
                self._alias(node)

    def declares(self, tree: ast.Module) -> bool:
        """Return whether a module only declares functions, classes and values."""
        return self._declare(tree.body)

    def acts(self) -> bool:
        """Return whether anything in the module may act on other packages."""
        return "*" in {*self.outside, *self.project} or any(map(self._acts, self.nodes))

    def _add(self, name: str, full_name: str) -> None:
        if full_name.partition(".")[0] == "app":
            self.project.add(name)
        else:
            self.outside[name] = full_name

    def _alias(self, statement: ast.Assign | ast.AnnAssign) -> None:
        """Note that `log = logging.getLogger()` and `templates = pio.templates` are not its own."""
        value = statement.value
        root = _dotted(value.func if isinstance(value, ast.Call) else value)
        full_name = self._full_name(root)
        if full_name and full_name.partition(".")[0] not in QUIET:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    self.outside[target.id] = full_name

    def _full_name(self, dotted: str) -> str:
        """Return the full name of what is from another package, or ""."""
        root, _, attributes = dotted.partition(".")
        outside = self.outside.get(root, "")
        return f"{outside}.{attributes}" if outside and attributes else outside

    def _declare(self, statements: Iterable[ast.stmt]) -> bool:
        return all(map(self._is_declaration, statements))

    def _is_declaration(self, node: ast.stmt) -> bool:
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Pass():
                return True
            case ast.Expr(value=ast.Constant()):
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                defaults = [each for each in node.args.kw_defaults if each]
                return self._are_plain([*node.decorator_list, *node.args.defaults, *defaults])
            case ast.ClassDef():
                parts = [*node.bases, *node.decorator_list, *(word.value for word in node.keywords)]
                has_bases = all(map(self._is_known, [*node.bases, *node.decorator_list]))
                return has_bases and self._are_plain(parts) and self._declare(node.body)
            case ast.Assign():
                return all(map(_is_name, node.targets)) and self._are_plain([node.value])
            case ast.AnnAssign() | ast.AugAssign():
                return _is_name(node.target) and self._are_plain([node.value] if node.value else [])
            case ast.If():
                return self._are_plain([node.test]) and self._declare([*node.body, *node.orelse])
            case ast.Try():
                statements = [*node.body, *node.orelse, *node.finalbody]
                return self._declare(statements) and all(
                    self._declare(handler.body) for handler in node.handlers
                )
        return False

    def _are_plain(self, expressions: Iterable[ast.expr]) -> bool:
        """Return whether expressions call only what leaves nothing behind."""
        nodes = [node for expression in expressions for node in ast.walk(expression)]
        calls = [node.func for node in nodes if isinstance(node, ast.Call)]
        return all(map(self._is_known, calls)) and not any(
            isinstance(node, (ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom)) for node in nodes
        )

    def _is_known(self, function: ast.expr) -> bool:
        """Return whether a function, a decorator or a base class is one that leaves nothing."""
        if isinstance(function, (ast.Call, ast.Subscript)):
            inner = function.func if isinstance(function, ast.Call) else function.value
            return self._is_known(inner)
        dotted = _dotted(function)
        root = dotted.partition(".")[0]
        full_name = self._full_name(dotted)
        if full_name:
            return full_name.partition(".")[0] in QUIET or full_name in RETURNING
        return root not in LOUD

    def _acts(self, node: ast.AST) -> bool:
        """Return whether a statement or an expression changes something of another package."""
        match node:
            case ast.Expr(value=ast.Call(func=function) | ast.Await(value=ast.Call(func=function))):
                dotted = _dotted(function)
                full_name = self._full_name(dotted)
                if full_name.startswith("logging.getLogger."):
                    return full_name.rpartition(".")[2] not in LOGGING
                return bool(full_name) and full_name.partition(".")[0] not in QUIET
            case ast.Call(func=ast.Name(id=name)):
                return name in LOUD - {"open", "vars"} and name not in self.outside
            case ast.Attribute(ctx=ast.Load(), attr=name) if name in SETTERS:
                return True
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(ctx=ast.Store() | ast.Del())
            ):
                root = _dotted(node).partition(".")[0]
                full_name = self._full_name(root)
                is_flask = full_name.partition(".")[0] == "flask"  # g, session: of one request
                return (bool(full_name) and not is_flask) or root in self.project
            case ast.AugAssign(target=ast.Name(id=name)):
                return name in self.outside or name in self.project
        return False


def _dotted(node: ast.AST | None) -> str:
    """Return pio.templates.default of `pio.templates["x"].default`, or "" if it begins otherwise."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            base = _dotted(value)
            return f"{base}.{attribute}" if base else ""
        case ast.Subscript(value=value) | ast.Call(func=value):
            return _dotted(value)
    return ""


def _is_name(target: ast.expr) -> bool:
    parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    return all(isinstance(part, ast.Name) for part in parts)


def _imports(nodes: Iterable[ast.AST], name: PurePath) -> Iterator[str]:
    package = name.parts[:-1]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            base = ".".join(filter(None, [base, node.module]))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and str(node.value).startswith("app."):
            yield str(node.value)  # for importlib
