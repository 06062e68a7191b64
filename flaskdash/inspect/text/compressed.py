"""Open compressed files (gzip, bzip2, xz) and members of archives (zip, tar)."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shlex
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

# A bigger file is too much for a dashboard, or it is a decompression bomb.
MAX_UNPACKED_BYTES = 1_000_000_000
CHUNK_BYTES = 2**16
SIGNATURES = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ": "xz"}
SUFFIXES = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip", ".tar": "tar", ".tgz": "tar"}
MODULES = {
    "gzip": ("gzip",),
    "bz2": ("bz2",),
    "xz": ("lzma",),
    "zip": ("zipfile",),
    "tar": ("io", "tarfile"),
}
TAR_SIGNATURE = slice(257, 262)
# Members of Excel and OpenDocument workbooks, which are zip archives too.
WORKBOOK_MEMBERS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
DOCUMENT_FOLDERS = {"word/": "a Word document", "ppt/": "a PowerPoint presentation"}
DATA_SUFFIXES = frozenset(
    ".csv .tsv .txt .json .jsonl .ndjson .geojson .xlsx .xls .ods .parquet .pq .dat .tab".split()
)
UNPACK_ERRORS = (
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
    """How a file is packed.

    `kind` is the name of the compression in pandas, or "" for a plain file. `member` is the file
    to read in an archive. pandas can open it without help if it is the `only_member`.
    """

    kind: str = ""
    member: str = ""
    only_member: bool = True

    @property
    def argument(self) -> str:
        """Return the argument that makes pandas unpack the file, or "" if pandas cannot."""
        return f'compression="{self.kind}",' if self.kind and self.only_member else ""

    @property
    def modules(self) -> list[str]:
        """Return the imports that `opening` needs."""
        return [f"import {name}" for name in MODULES[self.kind]]

    @property
    def opening(self) -> str:
        """Return the `with` statement that opens the content as the binary stream `file`."""
        member = literal(self.member)
        if self.kind == "tar":
            stream = f"archive.extractfile({member}) or io.BytesIO()"
            return f"with tarfile.open(SOURCE) as archive, {stream} as file:"
        if self.kind == "zip":
            return f"with zipfile.ZipFile(SOURCE) as archive, archive.open({member}) as file:"
        return f"with {MODULES[self.kind][0]}.open(SOURCE) as file:"

    @contextmanager
    def open(self, path: Path) -> Iterator[IO[bytes]]:
        """Open the unpacked content as a binary stream."""
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
        with openers.get(self.kind, open_plain)(path) as file:
            yield file


def open_plain(path: Path) -> IO[bytes]:
    return path.open("rb")


NOT_PACKED = Packed()


def detect(path: Path, head: bytes, table: str | None) -> tuple[Packed, dict[str, int]]:
    """Return how a file is packed and the sizes of the archive's members, by their names.

    The content decides, not the file's suffix. A workbook is not unpacked, although it is a zip
    archive. `table` is the member to read.
    """
    matches = (kind for signature, kind in SIGNATURES.items() if head.startswith(signature))
    kind = next(matches, "")
    if _is_tar(path, kind, head):
        return _choose_in_tar(path, table)
    if kind:
        return Packed(kind), {}
    if head.startswith(b"PK\x05\x06"):
        raise FlaskdashError(
            f"The zip archive is empty: {path}. Give one that contains a data file."
        )
    if head.startswith(b"PK\x03\x04"):
        return _choose_in_zip(path, table)
    return NOT_PACKED, {}


def _choose_in_zip(path: Path, table: str | None) -> tuple[Packed, dict[str, int]]:
    """Choose the member of a zip archive to read; also return the sizes of all members."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except UNPACK_ERRORS as error:
        raise unpack_error(path, "zip", error) from error
    names = [member.filename for member in members]
    if any(name in WORKBOOK_MEMBERS for name in names):
        if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
            raise size_error(path)
        return NOT_PACKED, {}
    for folder, document in DOCUMENT_FOLDERS.items():
        if any(name.startswith(folder) for name in names):
            raise FlaskdashError(f"{path} is {document}, not data. Save its table as CSV.")
    files = [
        member for member in members if not member.is_dir() and not _is_hidden(member.filename)
    ]
    sizes = {file.filename: file.file_size for file in files}
    name = _choose(path, sizes, table)
    if any(file.flag_bits & 1 for file in files if file.filename == name):
        raise FlaskdashError(
            f"The archive is protected by a password: {path}. Unpack it and give the file inside."
        )
    return Packed("zip", name, only_member=len(members) == 1), sizes


def _is_tar(path: Path, kind: str, head: bytes) -> bool:
    """Tell whether a file is a tar archive, compressed or not, by its content."""
    if not kind:
        return head[TAR_SIGNATURE] == b"ustar"
    try:
        with Packed(kind).open(path) as file:
            return file.read(512)[TAR_SIGNATURE] == b"ustar"
    except UNPACK_ERRORS:
        # read() reports the broken file, with its reason.
        return False


def _choose_in_tar(path: Path, table: str | None) -> tuple[Packed, dict[str, int]]:
    """Choose the member of a tar archive to read; also return the sizes of all members."""
    try:
        with tarfile.open(path) as archive:
            sizes = {
                member.name: member.size
                for member in archive
                if member.isfile() and not _is_hidden(member.name.removeprefix("./"))
            }
    except UNPACK_ERRORS as error:
        raise unpack_error(path, "tar", error) from error
    name = _choose(path, sizes, table)
    return Packed("tar", name, only_member=False), sizes


def _is_hidden(name: str) -> bool:
    """Tell whether an operating system added this member for its own use."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


def _choose(path: Path, sizes: Mapping[str, int], table: str | None) -> str:
    """Return the member that `table` names, or the biggest that looks like data."""
    if not sizes:
        raise FlaskdashError(
            f"The archive contains no files: {path}. Give one that contains a data file."
        )
    if table is not None and len(sizes) > 1:
        member = _named_member(path, sizes, table)
    else:
        data = [name for name in sizes if PurePosixPath(name).suffix.lower() in DATA_SUFFIXES]
        member = max(data or sizes, key=lambda name: sizes[name])
    if sizes[member] > MAX_UNPACKED_BYTES:
        raise size_error(path)
    return member


def _named_member(path: Path, sizes: Mapping[str, int], table: str) -> str:
    """Return the member with the path or the file name that `table` gives."""
    for name in sizes:
        if table in (name, PurePosixPath(name).name):
            return name
    names = list(sizes)
    raise FlaskdashError(
        f"The archive has no file {table!r}: {path}. Its files: {', '.join(names[:8])}.",
        hint=f"--table {shlex.quote(names[0])}",
    )


def read(path: Path, packed: Packed, limit: int | None = None) -> bytes:
    """Return the unpacked content, or its first `limit` bytes.

    Raises FlaskdashError if the file is broken, protected by a password, or too big.
    """
    try:
        with packed.open(path) as stream:
            if packed.kind and limit is None:
                _refuse_bomb(path, stream)
                stream.seek(0)
            return stream.read(-1 if limit is None else limit)
    except UNPACK_ERRORS as error:
        if packed.kind:
            raise unpack_error(path, packed.kind, error) from error
        raise
    except RuntimeError as error:  # zipfile raises it if a member needs a password
        raise FlaskdashError(
            f"Cannot unpack {path}: {error}. Unpack it yourself and give the file inside."
        ) from error


def _refuse_bomb(path: Path, stream: IO[bytes]) -> None:
    """Raise FlaskdashError if the content is too big, before it takes any memory."""
    size = 0
    while chunk := stream.read(CHUNK_BYTES):
        size += len(chunk)
        if size > MAX_UNPACKED_BYTES:
            raise size_error(path)


def unpack_error(path: Path, kind: str, error: Exception) -> FlaskdashError:
    """Return the error for a file that cannot be unpacked."""
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    is_workbook = path.suffix.lower().startswith(".xls")
    description = "Excel workbook" if is_workbook else f"{kind} file"
    return FlaskdashError(
        f"{path} is a broken {description}: {reason.rstrip('.')}. It may be incomplete. "
        "Download or copy it again."
    )


def size_error(path: Path) -> FlaskdashError:
    """Return the error for content that is too big after unpacking."""
    return FlaskdashError(
        f"{path} is larger than {MAX_UNPACKED_BYTES / 1e9:g} GB when unpacked. "
        "Give a part of it, or convert it to Parquet."
    )


def inner_name(path: Path, packed: Packed) -> str:
    """Return the name of the member, or the file's name without the suffix of its compression."""
    if packed.member:
        return PurePosixPath(packed.member).name
    return path.stem if packed.kind and path.suffix.lower() in SUFFIXES else path.name
