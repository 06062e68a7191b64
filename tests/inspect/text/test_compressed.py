"""Compressed files and archives: their inspection, and whether the written code opens them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from openpyxl import Workbook

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import Inspection, inspect_source
from flaskdash.inspect.text import compressed
from tests.support.errors import has_remedy
from tests.support.fixtures import Cli
from tests.support.loaders import execute

Pack = Callable[[str, bytes], Path]
CSV = b"day;amount\n" + b"".join(b"2024-01-%02d;%d,5\n" % (i % 28 + 1, i) for i in range(40))
JSON = json.dumps([{"day": f"2024-01-{i + 1:02}", "n": i} for i in range(28)]).encode()


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """Return a function that writes bytes to a file with a given name."""

    def write(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def sheet() -> bytes:
    workbook, content = Workbook(), io.BytesIO()
    for row in [["name", "n"], *([f"n{i}", i] for i in range(9))]:
        workbook.active.append(row)
    workbook.save(content)
    return content.getvalue()


def read(path: Path, table: str | None = None) -> Inspection:
    """Inspect a file, and check that the resulting body reads the same data."""
    inspection = inspect_source(path, table)
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)
    return inspection


@pytest.mark.parametrize(
    ("name", "compress", "kind"),
    [
        ("data.csv.gz", gzip.compress, "gzip"),
        ("data.csv.bz2", bz2.compress, "bz2"),
        ("data.csv.xz", lzma.compress, "xz"),
        ("data.zip", lambda data: zipped({"data.csv": data}), "zip"),
        ("data.csv", lambda data: zipped({"data.csv": data}), "zip"),
    ],
)
def test_compressed_text_is_read_by_pandas_itself(
    pack: Pack, name: str, compress: Callable[[bytes], bytes], kind: str
) -> None:
    inspection = read(pack(name, compress(CSV)))
    assert f'compression="{kind}"' in inspection.body
    assert (inspection.read.compression, inspection.read.delimiter, inspection.read.rows) == (
        kind,
        ";",
        40,
    )
    assert inspection.frame["amount"].sum() == sum(i + 0.5 for i in range(40))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.json.gz", gzip.compress(JSON), "json"),
        ("a.jsonl.xz", lzma.compress(b'{"n": 1}\n{"n": 2}\n'), "jsonl"),
        ("a.zip", zipped({"a.json": JSON}), "json"),
        ("a.xlsx.gz", gzip.compress(sheet()), "xlsx"),
        ("a.zip", zipped({"a.xlsx": sheet()}), "xlsx"),
    ],
)
def test_other_formats_are_opened_first(pack: Pack, name: str, content: bytes, kind: str) -> None:
    inspection = read(pack(name, content))
    assert inspection.read.format == kind
    assert "as file:" in inspection.body


def test_the_biggest_data_file_of_an_archive_is_read_and_the_others_are_named(pack: Pack) -> None:
    files = {
        "meta.csv": b"code,name\nA,Alpha\nB,Beta\n",
        "in/data.csv": CSV,
        "read.pdf": b"x" * 9999,
    }
    files["__MACOSX/in/data.csv"] = b"junk" * 999
    path = pack("bank.zip", zipped(files))
    inspection = read(path)
    assert (inspection.read.table, inspection.read.rows) == ("in/data.csv", 40)
    assert any("--table" in note and "meta.csv" in note for note in inspection.notes)
    assert read(path, "meta.csv").read.rows == 2
    with pytest.raises(FlaskdashError, match="no file") as error:
        inspect_source(path, "x.csv")
    assert "in/data.csv" in error.value.message
    assert error.value.hint == "--table meta.csv"


def locked() -> bytes:
    """Return an archive with a file that is marked as encrypted."""
    content = bytearray(zipped({"a.csv": CSV}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cut.csv.gz", gzip.compress(CSV)[:60], "broken gzip file"),
        ("cut.zip", zipped({"a.csv": CSV})[:100], "broken zip file"),
        ("bad.xz", lzma.compress(CSV)[:50], "broken xz file"),
        ("empty.zip", zipped({}), "zip archive is empty"),
        ("folder.zip", zipped({"__MACOSX/a": b"x"}), "contains no files"),
        ("empty.gz", gzip.compress(b""), "empty file"),
        ("locked.zip", locked(), "protected by a password"),
        ("twice.gz", gzip.compress(gzip.compress(CSV)), "another archive"),
        ("page.csv.gz", gzip.compress(b"<!DOCTYPE html><html></html>"), "HTML page"),
        ("page.xls", b"<html><table><tr><td>1</td></tr></table></html>", "HTML page"),
        ("note.csv", b"<!-- saved --><HTML><body>Log in</body></HTML>", "HTML page"),
        (
            "old.xls",
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
            "is empty",
        ),
        ("letter.zip", zipped({"word/document.xml": b"<xml/>"}), "Word document"),
        ("a.parquet.gz", gzip.compress(b"PAR1 and more"), "Parquet"),
    ],
)
def test_an_error_of_unpacking_is_one_line_with_a_remedy(
    pack: Pack, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(FlaskdashError, match=message) as error:
        inspect_source(pack(name, content))
    assert has_remedy(error.value)
    assert "\n" not in error.value.message


@pytest.mark.parametrize("pack_it", [gzip.compress, lambda data: zipped({"a.csv": data})])
def test_a_bomb_is_not_unpacked(
    pack: Pack, monkeypatch: pytest.MonkeyPatch, pack_it: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(compressed, "MAX_UNPACKED_BYTES", 100_000)
    path = pack("bomb.bin", pack_it(b"a,b\n" + b"1,2\n" * 100_000))
    with pytest.raises(FlaskdashError, match="when unpacked"):
        inspect_source(path)


@pytest.mark.parametrize("pack_it", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_takes_little_memory(
    pack: Pack, monkeypatch: pytest.MonkeyPatch, pack_it: Callable[[bytes], bytes]
) -> None:
    """It is refused as soon as it is larger than the limit, and nothing of it is kept till then."""
    monkeypatch.setattr(compressed, "MAX_UNPACKED_BYTES", 30_000_000)
    path = pack("bomb.csv", pack_it(b"a,b\n" + b"1,2\n" * 10_000_000))
    packed, _ = compressed.detect(path, path.read_bytes()[:1000], None)
    tracemalloc.start()
    try:
        with pytest.raises(FlaskdashError, match="when unpacked"):
            compressed.read(path, packed)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_the_copy_keeps_both_endings(pack: Pack, made: Path, flaskdash: Cli) -> None:
    path = pack("May sales.csv.gz", gzip.compress(CSV))
    flaskdash("add-data", path)
    flaskdash("add-data", path, "--name", "more")
    assert (made / "data/may_sales.csv.gz").read_bytes() == path.read_bytes()
    assert (made / "data/more.csv.gz").exists()
    code = "import app.loaders.more as loader; print(len(loader.load()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=made, capture_output=True, text=True)
    assert done.stdout.strip() == "40", done.stderr


def tarred(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.tar.xz", "w:xz")],
)
@pytest.mark.parametrize(
    ("member", "data"), [("x/data.csv", CSV), ("data.json", JSON), ("data.xlsx", sheet())]
)
def test_tar(pack: Pack, name: str, mode: str, member: str, data: bytes) -> None:
    inspection = read(pack(name, tarred({"._data.csv": b"\0\5", member: data}, mode)))
    assert inspection.read.compression == "tar"
    assert inspection.read.table in (member, "Sheet")
    assert len(inspection.frame) == {"x/data.csv": 40, "data.json": 28, "data.xlsx": 9}[member]


def test_a_file_of_a_tar_archive_is_chosen(pack: Pack) -> None:
    path = pack("a.tgz", tarred({"big.csv": CSV * 2, "b/small.csv": CSV}))
    assert "--table takes another file of the archive: b/small.csv" in read(path).notes[0]
    assert read(path, "small.csv").read.table == "b/small.csv"
    with pytest.raises(FlaskdashError, match=r"has no file 'none\.csv'"):
        inspect_source(path, "none.csv")


def test_a_tar_archive_that_is_cut_off(pack: Pack) -> None:
    with pytest.raises(FlaskdashError, match="broken"):
        inspect_source(pack("a.tgz", tarred({"data.csv": CSV * 99})[:400]))


@pytest.mark.parametrize("kind", ["gz", "zip", "tar"])
def test_packed_parquet(tmp_path: Path, kind: str) -> None:
    plain, path = tmp_path / "data.parquet", tmp_path / f"data.parquet.{kind}"
    sql = "SELECT i AS n, TIMESTAMPTZ '2024-01-01 00:00:00+00' AS at, '2024-01-02' AS day FROM range(30) t(i)"
    duckdb.execute(f"COPY ({sql}) TO '{plain}' (FORMAT parquet)")
    data = plain.read_bytes()
    packers = {
        "gz": gzip.compress,
        "zip": lambda d: zipped({"a.parquet": d}),
        "tar": lambda d: tarred({"a.parquet": d}, "w"),
    }
    path.write_bytes(packers[kind](data))
    inspection = read(path)
    assert [column.type for column in inspection.columns] == ["integer", "date", "date"]
    assert len(inspection.frame) == 30
