"""Which saved modules are imported anew in the same process, and which start the project again."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath
from types import SimpleNamespace
from typing import Any

import pytest

from flaskdash.serve.child import problem
from flaskdash.skeletons import TEMPLATES

CHILD = Path(problem.__file__).parent
APP = """\
from app import charts
from app.engine import page
from app.helpers import WORD


def create_app():
    return [WORD, page.show(), charts.__name__]
"""
FILES = {
    "app/__init__.py": APP,
    "app/helpers.py": 'WORD = "old"\n',
    "app/charts/__init__.py": "",
    "app/charts/alone.py": 'WORD = "chart"\n',
    "app/engine/__init__.py": "from app.engine import page\n",
    "app/engine/page.py": (
        "import app.engine.store\nfrom app.helpers import WORD\n\n\n"
        "def show():\n    return WORD + app.engine.store.MARK\n"
    ),
    "app/engine/store.py": 'import mimetypes\n\nmimetypes.add_type("text/x", ".x")\nMARK = "!"\n',
}


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Import the modules of the process that runs the project, as it does."""
    monkeypatch.syspath_prepend(str(CHILD))
    return SimpleNamespace(
        **{name: importlib.import_module(name) for name in ("modules", "sources")}
    )


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a project that can be imported here."""
    before = {name: sys.modules.pop(name) for name in [*sys.modules] if is_of_app(name)}
    write(tmp_path, FILES)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a second of two saves is as new
    yield tmp_path
    for name in filter(is_of_app, [*sys.modules]):
        del sys.modules[name]
    sys.modules.update(before)


def is_of_app(name: str) -> bool:
    return name == "app" or name.startswith("app.")


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


def load(child: SimpleNamespace, root: Path) -> Any:
    """Load the project, as at the start."""
    modules = child.modules.Modules(root)
    assert modules.create_app() == ["old", "old!", "app.charts"]
    modules.prepare()
    return modules


def save(modules: Any, root: Path, name: str, text: str) -> list[str] | None:
    """Save a file, and return the modules to import anew."""
    write(root, {name: text})
    names: list[str] | None = modules.replaceable([PurePath(name)])
    return names


@pytest.mark.parametrize(
    ("names", "modules"),
    [
        (["app/static/style.css", "data/x.csv", "app/templates/base.html"], []),
        (["app/blueprints/forms/static/forms.js", "data/load.py"], []),
        (["app/charts/alone.py", "data/x.csv"], ["app.charts.alone"]),
        (["app/loaders/alone.py"], ["app.loaders.alone"]),
        (["app/charts/deleted.py"], ["app.charts.deleted"]),
        (["app/charts/alone.py", "app/charts/shared.py"], "all"),
        (["app/charts/relative.py"], "all"),
        (["app/charts/sibling.py"], "all"),
        (["app/charts/by_name.py"], "all"),
        (["app/charts/_private.py"], "all"),
        (["app/charts/__init__.py"], "all"),
        (["app/helpers.py"], "all"),
        (["app/charts/acting.py"], None),
        (["app/engine/charts.py"], None),
        ([".env"], None),
        (["app/static"], None),
    ],
)
def test_modules_that_another_one_imports_are_not_replaced_alone(
    child: SimpleNamespace, tmp_path: Path, names: list[str], modules: Any
) -> None:
    files = {
        "app/__init__.py": "from app.charts.shared import VALUE\n",
        "app/charts/alone.py": 'alone = "alone"\n',
        "app/charts/acting.py": "import plotly.io as pio\n\npio.templates.default = 'none'\n",
        "app/charts/user.py": "from . import (\n    relative,\n)\nfrom .sibling import VALUE\n",
        "app/engine/charts.py": 'import_module("app.charts.by_name")\n',
    }
    write(tmp_path, files)
    replaceable = child.modules.Modules(tmp_path).replaceable(map(PurePath, names))
    if modules == "all":
        assert replaceable is not None
        assert {child.modules.module_of(PurePath(name)) for name in names} <= {*replaceable}
    else:
        assert replaceable == modules


def test_all_modules_are_imported_anew_except_independent_ones_of_the_engine(
    child: SimpleNamespace, root: Path
) -> None:
    modules = load(child, root)
    before = {name: sys.modules[name] for name in filter(is_of_app, sys.modules)}
    names = save(modules, root, "app/helpers.py", 'WORD = "new"\n')
    assert names is not None
    assert {*before} - {*names} == {"app.engine.store"}
    assert modules.create_app(names) == ["new", "new!", "app.charts"]
    same = [name for name in before if sys.modules.get(name) is before[name]]
    assert same == ["app.engine.store"]
    names = save(modules, root, "app/helpers.py", 'WORD = "newer"\n')
    assert modules.create_app(names) == ["newer", "newer!", "app.charts"]


@pytest.mark.parametrize("text", ["WORD = 1 / 0\n", "import nothing_like_this\n", "", "WORD = 1\n"])
def test_a_module_that_fails_leaves_all_as_it_was(
    child: SimpleNamespace, root: Path, text: str
) -> None:
    modules = load(child, root)
    before = {name: sys.modules[name] for name in filter(is_of_app, sys.modules)}
    names = save(modules, root, "app/helpers.py", text)
    with pytest.raises((ZeroDivisionError, ImportError, TypeError)):
        modules.create_app(names)
    assert {name: sys.modules[name] for name in filter(is_of_app, sys.modules)} == before
    assert vars(before["app"])["helpers"] is before["app.helpers"]
    names = save(modules, root, "app/helpers.py", 'WORD = "mended"\n')
    assert modules.create_app(names) == ["mended", "mended!", "app.charts"]


def test_a_new_and_a_deleted_module_count(child: SimpleNamespace, root: Path) -> None:
    modules = load(child, root)
    names = save(modules, root, "app/words.py", 'WORD = "new"\n')
    modules.create_app(names)
    names = save(modules, root, "app/helpers.py", "from app.words import WORD\n")
    assert modules.create_app(names)[0] == "new"
    (root / "app/words.py").unlink()
    names = modules.replaceable([PurePath("app/words.py")])
    with pytest.raises(ImportError):
        modules.create_app(names)


LOUD = 'import plotly.io as pio\n\nWORD = "old"\npio.templates.default = "none"\n'


def test_the_project_starts_again_if_a_module_is_not_quiet(
    child: SimpleNamespace, root: Path
) -> None:
    modules = load(child, root)
    assert save(modules, root, "app/helpers.py", LOUD) is None
    assert save(modules, root, "app/helpers.py", FILES["app/helpers.py"]) is not None


def test_the_project_starts_again_if_a_module_was_not_quiet(
    child: SimpleNamespace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X_WORD", "0")
    write(root, {"app/helpers.py": 'import os\n\nWORD = "old"\nos.environ["X_WORD"] = "1"\n'})
    modules = load(child, root)
    assert save(modules, root, "app/helpers.py", FILES["app/helpers.py"]) is None
    assert save(modules, root, "app/words.py", "") is None
    assert save(modules, root, "app/charts/alone.py", "WORD = 1\n") == ["app.charts.alone"]


def test_the_project_starts_again_if_it_starts_threads(child: SimpleNamespace, root: Path) -> None:
    start = "import threading\n\n\ndef create_app():\n    threading.Thread(target=print).start()\n"
    write(root, {"app/__init__.py": start})
    modules = child.modules.Modules(root)
    modules.create_app()
    modules.prepare()
    assert save(modules, root, "app/helpers.py", "WORD = 1\n") is None


@pytest.mark.parametrize(
    ("text", "is_quiet"),
    [
        ('"""Words."""\nimport re\nWORD = re.compile("x")\n', True),
        ("from flask import Blueprint\np = Blueprint('p', __name__)\n@p.get('/')\ndef f(): ...\n", True),
        ("import logging\nlog = logging.getLogger()\ndef f():\n    log.info('x')\n", True),
        ("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\n", True),
        ("from app.parts import Base\nclass A(Base):\n    x = 1\n", True),
        ("try:\n    import numpy\nexcept ImportError:\n    numpy = None\n", True),
        ("def f(fig):\n    fig.update_layout(title='x')\n    fig.x = 1\n", True),
        ("from flask import g, session\ndef f():\n    g.x = session['y'] = 1\n", True),
        ("x = (\n", False),
        ("from app.words import *\n", False),
        ("print('x')\n", False),
        ("for x in range(3):\n    y = x\n", False),
        ("import pandas as pd\npd.options.display.width = 9\n", False),
        ("import pandas as pd\ndef f():\n    pd.set_option('x', 1)\n", False),
        ("import pandas as pd\ndef f():\n    return pd.set_option('x', 1)\n", False),
        ("import plotly.io\ndef f():\n    t = plotly.io.templates\n    t.default = 'x'\n", False),
        ("import os\ndef f():\n    os.environ['X'] = '1'\n", False),
        ("from os import environ\ndef f():\n    environ['X'] = '1'\n", False),
        ("import logging\nlog = logging.getLogger()\ndef f():\n    log.setLevel(1)\n", False),
        ("import logging\nlog = logging.getLogger()\ndef f(h):\n    log.addHandler(h)\n", False),
        ("from app.engine import visitor\ndef f(v):\n    visitor.current = v\n", False),
        ("from app.words import WORDS\nWORDS += ['x']\n", False),
        ("import atexit\n@atexit.register\ndef f(): ...\n", False),
        ("from prometheus_client import Counter\nc = Counter('a', 'b')\n", False),
        ("from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n", False),
        ("from sqlalchemy.orm import DeclarativeBase\nclass A(DeclarativeBase): ...\n", False),
        ("import json\ndef f():\n    setattr(json, 'dumps', f)\n", False),
        ("import json\njson.dumps = str\n", False),
    ],
)  # fmt: skip
def test_only_modules_that_leave_nothing_are_quiet(
    child: SimpleNamespace, tmp_path: Path, text: str, is_quiet: bool
) -> None:
    write(tmp_path, {"app/x.py": text})
    assert child.sources.read(tmp_path / "app/x.py", PurePath("app/x.py"), 0).is_quiet is is_quiet


def test_the_modules_of_a_new_project_are_quiet(child: SimpleNamespace) -> None:
    skeleton = next((TEMPLATES / "project").glob("*cookiecutter*"))
    for path in (skeleton / "app").rglob("*.py"):
        if "engine" not in path.parts:
            assert child.sources.read(path, path.relative_to(skeleton), 0).is_quiet, path
