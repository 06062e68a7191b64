"""Archives with several files of one shape, which are read as one table."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from flaskdash.inspect import Inspection, inspect_source
from tests.support.loaders import execute


def part(start: int, *names: str, mark: str = ",", count: int = 12) -> str:
    lines = [f"2024-{start:02}-{i + 1:02},{'AB'[i % 2]},{start * 100 + i}" for i in range(count)]
    return "\n".join([",".join(names), *lines]).replace(",", mark) + "\n"


def pack(path: Path, files: dict[str, str]) -> Path:
    """Write an archive, of the kind that the suffix of its path says."""
    contents = {name: text.encode() for name, text in files.items()}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in contents.items():
                archive.writestr(name, data)
        return path
    with tarfile.open(path, "w:gz") as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def read(path: Path, table: str | None = None) -> Inspection:
    """Inspect an archive, and check that the resulting body reads the same data."""
    inspection = inspect_source(path, table)
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)
    return inspection


@pytest.mark.parametrize(
    ("name", "files", "labels", "unread"),
    [
        (
            "rides.zip",
            {f"trips/trips-{i}.csv": part(i, "day", "kind", "n") for i in (10, 11, 12)}
            | {"readme.txt": "hello", "__MACOSX/trips/._trips-10.csv": "x"},
            [],
            ["readme.txt"],
        ),
        (
            "filialen.tar.gz",
            {
                "bericht/graz.csv": part(1, "Tag", "Art", "Zahl", mark=";"),
                "bericht/linz.csv": part(2, "tag", "art", "zahl", mark=";"),
                "bericht/wien.csv": part(3, "Tag", "Art", "Zahl", mark=";"),
                "bericht/preise.csv": "Artikel;Preis\nA;5\nB;6\n",
            },
            ["graz", "linz", "wien"],
            ["bericht/preise.csv"],
        ),
        (
            "매출.zip",
            {
                "큰 파일.tsv": "품목\t값\n" + "".join(f"가{i}\t{i}\n" for i in range(40)),
                "서울/매출.tsv": part(4, "날짜", "종류", "값", mark="\t", count=28),
                "부산/매출.tsv": part(5, "날짜", "종류", "값", mark="\t", count=28),
            },
            ["부산", "서울"],
            ["큰 파일.tsv"],
        ),
    ],
)
def test_files_of_one_shape_are_stacked(
    tmp_path: Path, name: str, files: dict[str, str], labels: list[str], unread: list[str]
) -> None:
    path = pack(tmp_path / name, files)
    inspection = read(path)
    members = [name for name in files if name not in unread and not name.startswith("__")]
    rows = sum(files[name].count("\n") - 1 for name in members)
    assert inspection.read.rows == rows
    assert inspection.read.table is None
    assert [column.type for column in inspection.columns][:3] == ["date", "text", "integer"]
    assert sorted(set(inspection.frame.get("file", []))) == labels
    assert inspection.notes[0].startswith(f"{len(members)} files of the archive stacked")
    assert inspection.notes[0].endswith(f"or another file of the archive: {unread[0]}")
    alone = read(path, members[1])
    assert (alone.read.table, alone.read.rows) == (members[1], files[members[1]].count("\n") - 1)


@pytest.mark.parametrize("name", ["total.csv", "Alle.csv", "2024.csv"])
def test_a_file_that_sums_up_the_others_is_not_stacked(tmp_path: Path, name: str) -> None:
    files = {f"q{i}.csv": part(i, "day", "kind", "n") for i in range(1, 5)}
    rows = [line for text in files.values() for line in text.splitlines()[1:]]
    files[name] = "\n".join(["day,kind,n", *rows]) + "\n"
    inspection = read(pack(tmp_path / "year.zip", files))
    assert inspection.read.rows == 48
    assert inspection.notes[0].endswith(f"another file of the archive: {name}")


def test_files_written_in_another_way_are_left_out(tmp_path: Path) -> None:
    files = {f"{name}.csv": part(i, "day", "kind", "n") for i, name in enumerate("abc", start=1)}
    files["b.csv"] = files["b.csv"].replace(",", "|")
    files["d.csv"] = ""
    inspection = read(pack(tmp_path / "x.zip", files))
    assert set(inspection.frame["file"]) == {"a", "c"}
    assert inspection.notes[0].endswith("another file of the archive: b.csv, d.csv")


def test_columns_are_converted_over_all_files(tmp_path: Path) -> None:
    files = {
        "one.csv": "day,code\n" + "".join(f"0{i}/02/2024,{i}00\n" for i in range(1, 9)),
        "two.csv": "day,code\n" + "".join(f"{i}/03/2024,0{i}\n" for i in range(13, 22)),
    }
    inspection = read(pack(tmp_path / "x.zip", files))
    assert inspection.frame["day"].iloc[0] == pd.Timestamp(2024, 2, 1)
    assert inspection.frame["code"].iloc[0] == "100"


def test_lines_above_the_table_of_each_file(tmp_path: Path) -> None:
    top = "Report of the shop\nmade today\n\n"
    files = {f"{name}.csv": top + part(i, "day", "kind", "n") for i, name in enumerate("ab", 1)}
    inspection = read(pack(tmp_path / "x.tar.gz", files))
    assert inspection.read.rows == 24
