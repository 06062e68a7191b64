"""The project's modules in this process, and which changes of files can be loaded into it."""

import ast
import importlib
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

PLUGINS = ("charts", "loaders")  # the packages of which each file is found by itself


class Modules:
    """The modules of the project at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._starts_threads = False
        self._plugins: dict[Path, tuple[int, tuple[str, ...]]] = {}  # by file, with its time

    def broken(self, names: Iterable[PurePath]) -> list[SyntaxError]:
        """Return the errors of the changed files that Python cannot compile."""
        errors = []
        for name in names:
            path = self.root / name
            if path.suffix == ".py" and path.is_file():
                try:
                    compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
                except SyntaxError as error:
                    errors.append(error)
                except ValueError as error:  # a null byte, half a character
                    errors.append(SyntaxError(str(error), (str(path), 1, 1, "")))
        return errors

    def replaceable(self, names: Iterable[PurePath]) -> list[str] | None:
        """Return the modules to import anew after changes of files, or None if that is not enough.

        Charts and loaders that no other module imports can be replaced. Templates, static files and
        data need no module. After any other change the project has to start again, and also if
        create_app() starts threads, which would go on with what they know.
        """
        modules = [_module(name) for name in names]
        if self._starts_threads or None in modules:
            return None
        imported = {*self._imported()}
        names_of_modules = [module for module in modules if module]
        return None if imported & {*names_of_modules} else names_of_modules

    def create_app(self, modules: Iterable[str] = ()) -> Any:
        """Return a new app, for which some modules are imported anew.

        If that fails, the modules are those that they were.
        """
        modules = [*modules]
        importlib.invalidate_caches()
        before = {name: _forget(name) for name in modules}
        try:
            with self._noting_threads():
                app = importlib.import_module("app").create_app()
        except BaseException:
            for name, module in before.items():
                _forget(name)
                if module:
                    sys.modules[name] = module
            raise
        return app

    @contextmanager
    def _noting_threads(self) -> Iterator[None]:
        """Note whether this thread starts others meanwhile."""
        start, loader = threading.Thread.start, threading.get_ident()

        def note(thread: threading.Thread) -> None:
            self._starts_threads |= threading.get_ident() == loader
            start(thread)

        threading.Thread.start = note  # type: ignore[method-assign,assignment]
        try:
            yield
        finally:
            threading.Thread.start = start  # type: ignore[method-assign]

    def _imported(self) -> Iterator[str]:
        """Yield the charts and loaders that any file of the app may import."""
        for path in (self.root / "app").rglob("*.py"):
            changed, plugins = self._plugins.get(path, (0, ()))
            if changed != (time := path.stat().st_mtime_ns):
                plugins = _plugins_in(path, path.relative_to(self.root))
                self._plugins[path] = time, plugins
            yield from plugins


def forget_all(package: str) -> None:
    """Forget a package that could not be imported, with what it did import."""
    for name in [*sys.modules]:
        if name == package or name.startswith(f"{package}."):
            del sys.modules[name]


def _module(name: PurePath) -> str | None:
    """Return the chart or loader in a file, "" if it is no module, or None if it is another one."""
    parts = name.parts
    if parts[0] == "data" or {"static", "templates"} & {*parts[:-1]}:
        return ""
    is_plugin = len(parts) == 3 and parts[0] == "app" and parts[1] in PLUGINS
    if not is_plugin or name.suffix != ".py" or name.stem.startswith("_"):
        return None
    return f"app.{parts[1]}.{name.stem}"


def _forget(name: str) -> Any:
    """Remove a module, also from its package; return it."""
    package, _, attribute = name.rpartition(".")
    if package in sys.modules:
        vars(sys.modules[package]).pop(attribute, None)
    return sys.modules.pop(name, None)


def _plugins_in(path: Path, name: PurePath) -> tuple[str, ...]:
    """Return the charts and loaders that a file may import: too many rather than too few."""
    text = path.read_text("utf-8", "replace")
    package = name.parts[:-1]
    if not any(plugin in text or plugin in package for plugin in PLUGINS):
        return ()
    try:
        nodes = [*ast.walk(ast.parse(text))]
    except (SyntaxError, ValueError):
        return ()
    listed: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            listed += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            base = ".".join(filter(None, [base, node.module]))
            listed += [base, *(f"{base}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and str(node.value).startswith("app."):
            listed.append(str(node.value))  # for importlib
    return tuple(dict.fromkeys(listed))
