"""The wheels of a release."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.ship import wheels
from tests.support.tiny import LINUX


def tiny_wheel(folder: Path, name: str, version: str) -> str:
    """Write an empty wheel, and return its requirement."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def test_wheels_of_an_earlier_build_need_no_network(tmp_path: Path, no_index: None) -> None:
    wheelhouse, work = tmp_path / "wheelhouse", tmp_path / "work"
    listed = tmp_path / "requirements.txt"
    work.mkdir()
    tiny_wheel(wheelhouse, "old", "1.0")
    listed.write_text(tiny_wheel(wheelhouse, "new", "2.0"))
    assert [path.name for path in wheels.fill(LINUX, listed, wheelhouse, work)] == [
        "new-2.0-py3-none-any.whl"
    ]
    assert len(list(wheelhouse.iterdir())) == 1


def test_missing_wheels_without_a_network_are_an_error(tmp_path: Path, no_index: None) -> None:
    listed = tmp_path / "requirements.txt"
    listed.write_text(f"flask==3.1.3 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(FlaskdashError, match="The package index cannot be reached"):
        wheels.fill(LINUX, listed, tmp_path / "wheelhouse", tmp_path)
    assert not (tmp_path / "wheelhouse").exists()


def test_a_requirement_without_a_wheel_is_named(
    tmp_path: Path, no_index: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    listed = tmp_path / "requirements.txt"
    listed.write_text(f"flask==3.1.3 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(FlaskdashError, match=r"flask==3\.1\.3 has no wheel for Python 3\.12 on"):
        wheels.fill(LINUX, listed, tmp_path / "wheelhouse", tmp_path)
