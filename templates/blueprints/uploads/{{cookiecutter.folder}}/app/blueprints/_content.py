"""Content of an uploaded file: of which kind it is, how large it becomes, and how two are joined."""

import json
import shutil
import zipfile
import zlib
from pathlib import Path

LARGEST = 15 * 2**20  # bytes of an upload; gunicorn.conf.py refuses more than 16 MiB
UNPACKED = 2**28  # bytes that a compressed file may become
FOLDED = 200  # times that it may become larger
KINDS = {".xlsx": "zip", ".xlsm": "zip", ".xls": "xls", ".parquet": "parquet", ".gz": "gzip"}
STARTS = {b"PK\x03\x04": "zip", b"\xd0\xcf\x11\xe0": "xls", b"PAR1": "parquet", b"\x1f\x8b": "gzip"}


class Rejected(Exception):
    """A file that cannot be used; the message is for the person who sent it."""


def check(file: Path) -> None:
    """Raise Rejected unless the content of a file is what its name says, and not too much."""
    size = file.stat().st_size
    if not size:
        raise Rejected("The file is empty.")
    if size > LARGEST:
        raise Rejected(f"The file is larger than {LARGEST >> 20} MB.")
    with file.open("rb") as opened:
        start = opened.read(4)
    kind = next((kind for sign, kind in STARTS.items() if start.startswith(sign)), "text")
    expected = KINDS.get(file.suffix.lower(), "text")
    if kind != expected:
        raise Rejected(f"The content is that of a {kind} file, but {file.name} is a {expected} file.")
    if kind in {"zip", "gzip"}:
        unpacked = zip_size(file) if kind == "zip" else gzip_size(file)
        if unpacked > min(UNPACKED, FOLDED * size):
            raise Rejected("The file becomes too large when it is unpacked.")


def zip_size(file: Path) -> int:
    """Return the bytes that a ZIP file becomes."""
    try:
        with zipfile.ZipFile(file) as archive:
            return sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Rejected("The file is damaged.") from error


def gzip_size(file: Path) -> int:
    """Return the bytes that a gzip file becomes, or more than UNPACKED."""
    unpacker, size = zlib.decompressobj(31), 0
    with file.open("rb") as opened:
        while (block := opened.read(2**16)) and size <= UNPACKED:
            while block and size <= UNPACKED:
                try:
                    size += len(unpacker.decompress(block, 2**20))
                except zlib.error as error:
                    raise Rejected("The file is damaged.") from error
                block = unpacker.unconsumed_tail
    return size


def append(old: Path, new: Path) -> None:
    """Put the rows of a file in front of those of a new one, of the same kind."""
    joined = new.with_suffix(".joined")
    if new.suffix == ".parquet":
        append_parquet(old, new, joined)
    elif new.suffix == ".json":
        append_json(old, new, joined)
    else:
        append_lines(old, new, joined, has_header=new.suffix not in {".jsonl", ".ndjson"})
    joined.replace(new)


def append_lines(old: Path, new: Path, joined: Path, *, has_header: bool) -> None:
    """Join two files of lines; the header of the second is left out, and must be that of the first."""
    with old.open("rb") as first, new.open("rb") as second, joined.open("wb") as out:
        if has_header:
            headers = [opened.readline().strip(b"\xef\xbb\xbf\r\n ") for opened in (first, second)]
            if headers[0] != headers[1]:
                raise Rejected("To append, the first line must be the header of the file that is there.")
            first.seek(0)
        shutil.copyfileobj(first, out)
        first.seek(-1, 2)
        if first.read() != b"\n":
            out.write(b"\n")
        shutil.copyfileobj(second, out)


def append_json(old: Path, new: Path, joined: Path) -> None:
    try:
        first, second = (json.loads(file.read_bytes()) for file in (old, new))
    except (ValueError, RecursionError) as error:
        raise Rejected("The file is not valid JSON.") from error
    if not isinstance(first, list) or not isinstance(second, list):
        raise Rejected("To append, both files must be a list of rows.")
    joined.write_text(json.dumps(first + second, ensure_ascii=False), "utf-8")


def append_parquet(old: Path, new: Path, joined: Path) -> None:
    import duckdb

    from app.engine.connection import cursor

    try:
        with cursor() as connection:
            files = [str(old), str(new)]
            connection.read_parquet(files).write_parquet(str(joined))
    except duckdb.Error as error:
        raise Rejected("To append, both files must have the same columns.") from error
