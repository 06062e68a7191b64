"""A copy of the shared project that is prepared, and served as in production."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.loaders import run_loaders_once
from tests.support.projects import copy_project
from tests.support.web import serving, wait_for_data


@contextmanager
def served_copy(shared: Path, prepare: Callable[[Path], None]) -> Iterator[str]:
    """Copy the shared project, prepare it as the current folder, and lend its address."""
    with tempfile.TemporaryDirectory() as folder:
        root = copy_project(shared, Path(folder) / "shop")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(root)
            run_loaders_once(patch)
            prepare(root)
        with serving(root) as url:
            wait_for_data(url)
            yield url
