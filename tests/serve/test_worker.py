"""The process that runs the project: what it does with changes."""

import importlib
import os
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, render_template

from flaskdash.serve.child import problem
from tests.support.serving import DEADLINE


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(problem.__file__).parent))
    return importlib.import_module("worker")


def test_templates_are_compiled_on_a_full_disk(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Flask, "jinja_options", {})
    module.warm.share_templates()
    Flask.jinja_options["bytecode_cache"].directory = "/proc/full"
    app = Flask("project", template_folder=str(Path(problem.__file__).parent))
    with app.test_request_context():
        assert "font-size" in render_template("edit.css")


def test_the_keeper_is_told_of_each_import_once(module: Any) -> None:
    worker = object.__new__(module.Worker)
    worker._reported, reports = set(), []
    worker._report = lambda kind, names: reports.append((kind, names))
    worker._report_imports()
    worker._report_imports()
    assert "werkzeug.serving" in reports[0][1]
    assert reports[1] == ("imported", [])


def test_replaced_code_is_collected_when_nothing_more_is_saved(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected, applied = Event(), []
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(module.gc, "collect", collected.set)
    worker = object.__new__(module.Worker)
    worker.changes, worker._apply = SimpleQueue(), applied.append
    Thread(target=worker._apply_changes, daemon=True).start()
    for names in (["app/helpers.py"], ["app/pages.py"]):
        worker.changes.put(names)
        assert collected.wait(DEADLINE)
        assert applied[-1] == names
        collected.clear()


def test_an_attempt_that_fails_within_a_tick_of_the_clock_is_reported(
    module: Any, tmp_path: Path
) -> None:
    log = SimpleNamespace(loaders={"sales": OSError(28, "No space left on device")})
    events = importlib.import_module("events").Events(tmp_path, log)
    events.instance = tmp_path
    state = tmp_path / "sales.json"
    state.write_text('{"file": "a", "error": ""}')
    before = state.stat().st_mtime_ns
    assert events.state()["problem"] is None
    state.write_text('{"file": "a", "error": "OSError"}')
    os.utime(state, ns=(before, before))
    assert "No space left" in str(events.state()["problem"])
