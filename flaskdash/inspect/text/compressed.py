"""Open what is packed: gzip, bzip2 and xz, and the members of a zip or tar archive."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.literals import literal

MOST = 1_000_000_000  # bytes when unpacked: more is no dashboard's data, or meant to do harm
KINDS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ": "xz"}
ENDINGS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip", ".tar": "tar", ".tgz": "tar"}
MODULES = {
    "gzip": ("gzip",),
    "bz2": ("bz2",),
    "xz": ("lzma",),
    "zip": ("zipfile",),
    "tar": ("io", "tarfile"),
}
TAR = b"ustar"  # stands 257 bytes from the beginning
# What Excel and OpenDocument files hold; both are zip archives.
WORKBOOKS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
DOCUMENTS = {"word/": "a Word document", "ppt/": "a PowerPoint presentation"}
DATA = frozenset(
    ".csv .tsv .txt .json .jsonl .ndjson .geojson .xlsx .xls .ods .parquet .pq .dat .tab".split()
)
BROKEN = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
)


@dataclass(frozen=True)
class Packed:
    """How a file is packed: `kind` as pandas calls it, "" for not at all.

    `member` is the file in an archive; `alone` tells that the archive holds nothing else, which
    is what pandas can open by itself.
    """

    kind: str = ""
    member: str = ""
    alone: bool = True

    @property
    def argument(self) -> str:
        """Return the argument with which pandas unpacks by itself, or ""."""
        return f'compression="{self.kind}",' if self.kind and self.alone else ""

    @property
    def modules(self) -> list[str]:
        """Return the imports that `opening` needs."""
        return [f"import {name}" for name in MODULES[self.kind]]

    @property
    def opening(self) -> str:
        """Return the line that opens the content, in bytes, as `file`."""
        if self.kind == "tar":
            member = f"archive.extractfile({literal(self.member)}) or io.BytesIO()"
            return f"with tarfile.open(SOURCE) as archive, {member} as file:"
        if self.kind != "zip":
            return f"with {MODULES[self.kind][0]}.open(SOURCE) as file:"
        return f"with zipfile.ZipFile(SOURCE) as archive, archive.open({literal(self.member)}) as file:"

    @contextmanager
    def open(self, path: Path) -> Iterator[IO[bytes]]:
        """Lend the unpacked content as a stream."""
        if self.kind == "zip":
            with zipfile.ZipFile(path) as archive, archive.open(self.member) as file:
                yield file
            return
        if self.kind == "tar":
            with tarfile.open(path) as tar, tar.extractfile(self.member) or io.BytesIO() as file:
                yield file
            return
        openers: dict[str, Callable[[Path], Any]] = {
            "gzip": gzip.open,
            "bz2": bz2.open,
            "xz": lzma.open,
        }
        with openers.get(self.kind, open_plain)(path) as opened:
            yield opened


def open_plain(path: Path) -> IO[bytes]:
    """Return a file that is not packed as a stream."""
    return path.open("rb")


AS_IT_IS = Packed()


def unpack(path: Path, head: bytes, table: str | None) -> tuple[Packed, list[str]]:
    """Return how a file is packed, by its content, and the names of an archive's other files.

    A workbook, which is a zip archive too, is not taken apart.
    """
    kind = next((kind for start, kind in KINDS.items() if head.startswith(start)), "")
    if _is_tar(path, kind, head):
        return _unpack_tar(path, table)
    if kind:
        return Packed(kind), []
    if not head.startswith(b"PK\x03\x04"):
        if head.startswith(b"PK\x05\x06"):
            raise FlaskdashError(f"{path} is an empty zip archive.", "give one with a data file")
        return AS_IT_IS, []
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except BROKEN as error:
        raise broken(path, "zip", error) from error
    names = [info.filename for info in infos]
    if any(name in WORKBOOKS for name in names):
        if sum(info.file_size for info in infos) > MOST:
            raise too_big(path)
        return AS_IT_IS, []
    for start, what in DOCUMENTS.items():
        if any(name.startswith(start) for name in names):
            raise FlaskdashError(f"{path} is {what}, not data.", "save its table as CSV")
    files = [info for info in infos if not info.is_dir() and not _hidden(info.filename)]
    if not files:
        raise FlaskdashError(f"{path} holds no files.", "give an archive with a data file")
    sizes = {info.filename: info.file_size for info in files}
    member = _choose(path, sizes, table)
    if any(info.flag_bits & 1 for info in files if info.filename == member):
        raise FlaskdashError(
            f"{path} is protected by a password.", "unpack it, and give the file inside"
        )
    others = [name for name in sizes if name != member]
    return Packed("zip", member, alone=len(infos) == 1), others


def _is_tar(path: Path, kind: str, head: bytes) -> bool:
    """Tell whether a file is a tar archive, packed or not, by its content."""
    if not kind:
        return head[257:262] == TAR
    try:
        with Packed(kind).open(path) as file:
            return file.read(512)[257:262] == TAR
    except BROKEN:
        return False  # told where it is read


def _unpack_tar(path: Path, table: str | None) -> tuple[Packed, list[str]]:
    """Return the file of a tar archive that is read, and the names of the others."""
    try:
        with tarfile.open(path) as archive:
            sizes = {
                info.name: info.size
                for info in archive
                if info.isfile() and not _hidden(info.name.removeprefix("./"))
            }
    except BROKEN as error:
        raise broken(path, "tar", error) from error
    if not sizes:
        raise FlaskdashError(f"{path} holds no files.", "give an archive with a data file")
    member = _choose(path, sizes, table)
    others = [name for name in sizes if name != member]
    return Packed("tar", member, alone=False), others


def _hidden(name: str) -> bool:
    """Tell whether an archive's file is one that systems leave behind."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


def _choose(path: Path, sizes: Mapping[str, int], table: str | None) -> str:
    """Return the file that was asked for, else the biggest that looks like data."""
    if table is not None and len(sizes) > 1:
        for name in sizes:
            if table in (name, PurePosixPath(name).name):
                member = name
                break
        else:
            names = ", ".join(list(sizes)[:8])
            raise FlaskdashError(f"{path} has no file {table!r}.", f"--table with one of: {names}")
    else:
        data = [name for name in sizes if PurePosixPath(name).suffix.lower() in DATA]
        member = max(data or sizes, key=lambda name: sizes[name])
    if sizes[member] > MOST:
        raise too_big(path)
    return member


def read(path: Path, packed: Packed, most: int | None = None) -> bytes:
    """Return the unpacked content, or its first `most` bytes; raise where it is broken or huge."""
    limit = MOST if most is None else most
    try:
        with packed.open(path) as stream:
            data = io.BytesIO()
            while (left := limit + 1 - data.tell()) > 0 and (
                chunk := stream.read(min(left, 2**20))
            ):
                data.write(chunk)
    except BROKEN as error:
        if packed.kind:
            raise broken(path, packed.kind, error) from error
        raise
    except RuntimeError as error:  # zipfile's word for a password
        raise FlaskdashError(f"{path} can't be unpacked: {error}.", "unpack it yourself") from error
    if most is None and packed.kind and data.tell() > MOST:
        raise too_big(path)
    return data.getvalue()[:limit] if most is not None else data.getvalue()


def broken(path: Path, kind: str, error: Exception) -> FlaskdashError:
    """Return the error for an archive that can't be unpacked."""
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    what = "Excel workbook" if path.suffix.lower().startswith(".xls") else f"{kind} file"
    return FlaskdashError(
        f"{path} is a broken {what}: {reason}", "download or copy it again: it may be cut off"
    )


def too_big(path: Path) -> FlaskdashError:
    """Return the error for content that is too big when unpacked."""
    return FlaskdashError(
        f"{path} is more than {MOST / 1e9:g} GB when unpacked.", "give a part of it, or Parquet"
    )


def inner_name(path: Path, packed: Packed) -> str:
    """Return the name of the content: that of the member, or without the ending of the packing."""
    if packed.member:
        return PurePosixPath(packed.member).name
    return path.stem if packed.kind and path.suffix.lower() in ENDINGS else path.name
