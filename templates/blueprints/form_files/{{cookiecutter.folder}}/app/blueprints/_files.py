"""Files that people attach in forms: kept in instance/files, under names of the app's own."""

import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PureWindowsPath
from typing import Any

from flask import Response, current_app, request, send_from_directory
from werkzeug.datastructures import FileStorage
from wtforms.validators import StopValidation, ValidationError  # type: ignore[import-untyped]

LARGEST = 5 * 2**20  # bytes of a file
# A file is what it begins with, whatever its name says. Office documents are ZIP files.
STARTS = (b"%PDF-", b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"PK\x03\x04")
KINDS = "PDF, PNG, JPEG, GIF, WebP, Office documents and plain text"


class KnownKind:
    """Checks that an upload is of a kind that the form takes, by its content."""

    def __call__(self, _form: object, field: Any) -> None:
        if isinstance(field.data, FileStorage) and not is_known(field.data):
            raise ValidationError(f"This file is of another kind. Choose one of {KINDS}.")


class NeedsFile:
    """Checks that a row has a file, or gets one."""

    def __call__(self, _form: object, field: Any) -> None:
        if not isinstance(field.data, FileStorage) and not field.object_data:
            raise StopValidation("Choose a file.")


def is_known(upload: FileStorage) -> bool:
    """Return whether an upload is of one of KINDS."""
    content = upload.stream.read(LARGEST + 1)
    upload.stream.seek(0)
    if content.startswith(STARTS):
        return True
    with suppress(UnicodeDecodeError):
        return bool(content) and "\0" not in content.decode()
    return False


def chosen(name: str) -> FileStorage | None:
    """Return the file that was chosen in a field of the form, if any."""
    return request.files.get(name) or None


def name_of(upload: FileStorage) -> str:
    """Return the name of an upload as people know it, without folders."""
    name = PureWindowsPath(upload.filename or "").name
    return "".join(filter(str.isprintable, name))[-200:] or "file"


def store(upload: FileStorage) -> str:
    """Save an upload under a new name, and return that."""
    name = secrets.token_hex(16)
    folder().mkdir(parents=True, exist_ok=True)
    upload.save(folder() / name)
    return name


def delete(names: Iterable[str | None]) -> None:
    """Delete stored files that no row has any more."""
    for name in filter(None, names):
        (folder() / name).unlink(missing_ok=True)


def send(stored: str, name: str) -> Response:
    """Send a stored file as one to save, which no browser runs."""
    response = send_from_directory(
        folder(),
        stored,
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=name,
        max_age=0,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def folder() -> Path:
    return Path(current_app.config["INSTANCE"]).absolute() / "files"
