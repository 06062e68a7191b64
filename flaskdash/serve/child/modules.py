"""The project's modules in this process, and which changes of files can be loaded into it.

The rule, for files of Python that are saved, new or deleted:

1.  Charts and loaders that no other module imports, and that do not act on other packages (see
    sources.py), are imported anew by themselves.
2.  Otherwise all modules of the project are imported anew, except those of app/engine that import
    none of the others. This needs that each module, as it was loaded and as it is saved, is quiet:
    it declares functions, classes and values, and nothing in it acts on another package, such as
    plotly's templates, the environment or the tables of a database. That would stay.
3.  All else starts the project again in a new process: a module that is not quiet, app/engine,
    .env, and anything if create_app() starts threads, which would go on with what they know.

After each of them create_app() is called. What was imported takes the place of what was there only
if that succeeds.
"""

import importlib
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path, PurePath
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flaskdash.serve.child import sources
else:
    import sources

PLUGINS = ("charts", "loaders")  # the packages of which each file is found by itself
ENGINE = "app.engine"


class Modules:
    """The modules of the project at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._starts_threads = False
        self._sources: dict[Path, sources.Source] = {}  # as they were last read
        self._loaded: dict[Path, sources.Source] = {}  # as they were loaded
        self._next: dict[Path, sources.Source] = {}  # as they will be loaded
        self._times: dict[Path, int] = {}  # when they had been saved, at the first load

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

    def prepare(self) -> None:
        """Read the sources that were loaded first."""
        self._read()
        self._loaded = {
            path: source
            for path, source in self._sources.items()
            if source.time == self._times.get(path)
        }

    def replaceable(self, names: Iterable[PurePath]) -> list[str] | None:
        """Return the modules to import anew after changes of files, or None if that is not enough."""
        files = [name for name in names if not _is_no_module(name)]
        if self._starts_threads or any(map(_needs_start, files)):
            return None
        is_plugin = all(map(_is_plugin, files))
        if not is_plugin and not self._was_quiet():
            return None
        self._read()
        imported = {module for source in self._sources.values() for module in source.imports}
        saved = [module_of(name) for name in files]
        self._next = self._sources
        if is_plugin and not imported & {*saved}:
            return None if any(map(self._acts, files)) else saved
        return self._all_modules(files) if self._is_quiet(files) else None

    def create_app(self, modules: Iterable[str] = ()) -> Any:
        """Return a new app, for which some modules are imported anew.

        If that fails, the modules are those that they were.
        """
        if not self._times:
            self._times = dict(self._files())
        importlib.invalidate_caches()
        with self._noting_threads(), _imported_anew([*modules]):
            app = importlib.import_module("app").create_app()
        self._loaded = self._next
        return app

    def _acts(self, name: PurePath) -> bool:
        """Return whether a module acts on other packages, or did so when it was loaded."""
        versions = (self._loaded.get(self.root / name), self._sources.get(self.root / name))
        return any(source.acts for source in versions if source)

    def _was_quiet(self) -> bool:
        """Return whether all modules that were loaded were quiet; no file is read for that."""
        return all(
            source.is_quiet
            for path, source in self._loaded.items()
            if not _is_engine(module := module_of(path.relative_to(self.root)))
            and module in sys.modules
        )

    def _is_quiet(self, files: Iterable[PurePath]) -> bool:
        """Return whether all modules of the project outside of its engine are quiet, before and now."""
        saved = {self.root / name for name in files}
        for path in {*self._sources, *self._loaded, *saved}:
            module = module_of(path.relative_to(self.root))
            is_loaded = module in sys.modules
            if _is_engine(module) or (not is_loaded and path not in saved):
                continue
            now = self._sources.get(path)
            before = self._loaded.get(path)
            if (now and not now.is_quiet) or (is_loaded and not (before and before.is_quiet)):
                return False
        return True

    def _all_modules(self, files: Iterable[PurePath]) -> list[str]:
        """Return all modules of the project, except those of the engine that import none of them."""
        imports = {
            module_of(path.relative_to(self.root)): source.imports
            for path, source in self._sources.items()
        }
        modules = {name for name in sys.modules if name == "app" or name.startswith("app.")}
        anew = {name for name in modules if not name.startswith(f"{ENGINE}.")}
        anew |= {module_of(name) for name in files}
        while more := {
            name for name in modules - anew if name not in imports or imports[name] & anew
        }:
            anew |= more
        return sorted(anew)

    def _read(self) -> None:
        """Read the sources that have changed."""
        before = self._sources
        self._sources = {
            path: source
            if (source := before.get(path)) and source.time == time
            else sources.read(path, path.relative_to(self.root), time)
            for path, time in self._files()
        }

    def _files(self) -> Iterator[tuple[Path, int]]:
        """Yield each file of Python, and when it was saved."""
        for folder, folders, names in os.walk(self.root / "app"):
            folders[:] = [
                name for name in folders if name not in {"static", "templates", "__pycache__"}
            ]
            for name in names:
                if name.endswith(".py"):
                    path = Path(folder, name)
                    yield path, path.stat().st_mtime_ns

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


def forget_all(package: str) -> None:
    """Forget a package that could not be imported, with what it did import."""
    for name in [*sys.modules]:
        if name == package or name.startswith(f"{package}."):
            del sys.modules[name]


def module_of(name: PurePath) -> str:
    """Return the module in a file of the project."""
    return ".".join(name.with_suffix("").parts).removesuffix(".__init__")


def _is_no_module(name: PurePath) -> bool:
    """Return whether a file is data, a template or a static file, for which no module changes."""
    return name.parts[0] == "data" or bool({"static", "templates"} & {*name.parts[:-1]})


def _needs_start(name: PurePath) -> bool:
    is_engine = name.parts[:2] == ("app", "engine")
    return name.parts[0] != "app" or name.suffix != ".py" or is_engine


def _is_engine(module: str) -> bool:
    return module == ENGINE or module.startswith(f"{ENGINE}.")


def _is_plugin(name: PurePath) -> bool:
    return len(name.parts) == 3 and name.parts[1] in PLUGINS and not name.stem.startswith("_")


@contextmanager
def _imported_anew(names: Sequence[str]) -> Iterator[None]:
    """Forget modules, so that the block imports them anew; if it fails, bring them back."""
    before = {name: sys.modules[name] for name in names if name in sys.modules}
    attributes = [(name, _attribute(name, before)) for name in before]
    for name in before:
        del sys.modules[name]
    finder = _PackageFinder({name for name in names if hasattr(before.get(name), "__path__")})
    sys.meta_path.insert(0, finder)
    try:
        yield
    except BaseException:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)
        for name, value in attributes:
            if value is not None:
                package, _, attribute = name.rpartition(".")
                setattr(sys.modules[package], attribute, value)
        raise
    finally:
        sys.meta_path.remove(finder)


def _attribute(name: str, anew: Mapping[str, ModuleType]) -> Any:
    """Remove a module from its package, unless that is imported anew too; return it."""
    package, _, attribute = name.rpartition(".")
    if package in anew or package not in sys.modules:
        return None
    return vars(sys.modules[package]).pop(attribute, None)


class _PackageFinder:
    """Gives packages that are imported anew those of their modules that are not."""

    def __init__(self, packages: set[str]) -> None:
        self._packages = packages

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in self._packages else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_with_modules(package: ModuleType) -> None:
            for module, value in [*sys.modules.items()]:
                parent, _, attribute = module.rpartition(".")
                if parent == name:
                    setattr(package, attribute, value)
            execute(package)

        spec.loader.exec_module = execute_with_modules  # type: ignore[method-assign,assignment]
        return spec
