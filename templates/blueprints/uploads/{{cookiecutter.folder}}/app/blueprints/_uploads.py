"""Uploads: a new file for a loader is read as its own, compared, and put in its place.

instance/uploads/NAME/ has `staged/`, the files that wait for a decision; `versions/`, the last files
that were live; `live`, the one that is; and `shipped`, the digest of the file that came with the
code: a new release gets the live file again, unless it brings newer data itself.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from filelock import FileLock
from flask import abort
from werkzeug.datastructures import FileStorage

from app.blueprints import _content
from app.blueprints._content import Rejected
from app.engine import reader
from app.engine.connection import cursor
from app.engine.models import State
from app.engine.query import Data
from app.engine.snapshots import changes

if TYPE_CHECKING:
    from pandas import DataFrame

VERSIONS = 5  # that can be restored
SECONDS = 60  # that reading an upload may take
STAGED_SECONDS = 86_400  # that an upload waits for a decision
PREVIEW_ROWS = 10  # rows of a preview


@dataclass(frozen=True)
class Preview:
    """What an upload would change: it is shown before anything does."""

    base: str  # digest of the file that it replaces
    is_added: bool
    before: int  # rows
    after: int
    unread: int
    new_columns: Sequence[str]


class Uploads:
    """The uploads for one loader."""

    def __init__(self, data: Data, source: Path, instance: Path) -> None:
        self.data = data
        self.source = source
        self.name = data.loader.name
        self.folder = Path(instance).absolute() / "uploads" / self.name
        self.lock = FileLock(self.folder / "lock")
        (self.folder / "versions").mkdir(parents=True, exist_ok=True)

    def stage(self, upload: FileStorage, *, is_added: bool) -> str:
        """Read an upload and compare it; return the token of its preview, or raise Rejected."""
        self._clear()
        token = token_hex(16)
        folder = self.folder / "staged" / token
        folder.mkdir(parents=True)
        try:
            file = folder / self.source.name
            upload.save(file)
            _content.check(file)
            if is_added:
                _content.append(self.source, file)
            preview = self._compare(file, folder / "rows.parquet", is_added)
        except BaseException:
            shutil.rmtree(folder)
            raise
        (folder / "preview.json").write_text(json.dumps(asdict(preview)), "utf-8")
        return token

    def _compare(self, file: Path, rows: Path, is_added: bool) -> Preview:
        blank = State().to_json()
        try:
            answer = reader.read(self.name, rows.parent, rows, blank, str(file), SECONDS)
        except reader.ReaderStopped as error:
            raise Rejected(f"The file cannot be read: {error}.") from error
        state = State.from_json(answer)
        if state.error:
            expected = ", ".join(self.data.columns()) if self.data.build().built else "unknown"
            raise Rejected(
                f"It cannot be read as {self.source.name} is ({state.error}). The columns of that"
                f" are: {expected}."
            )
        if not state.rows:
            raise Rejected("The file has no rows.")
        # The snapshot that it is compared with is not replaced meanwhile by another upload.
        with self.lock, cursor() as connection:
            old, base = self.data.build(), digest(self.source)
            new = connection.read_parquet(str(rows))
            columns = new.columns
            if old.built:
                current = connection.read_parquet(str(self.folder.parents[1] / old.file))
                if lost := changes(current, new):
                    raise Rejected(f"The columns do not fit: {'; '.join(lost)[:500]}.")
                columns = [name for name in columns if name not in current.columns]
        return Preview(base, is_added, old.rows, state.rows, state.unread, columns)

    def preview(self, token: str) -> tuple[Preview, DataFrame]:
        """Return what an upload would change, and its first rows: if they are added, its last."""
        folder = self._staged(token)
        preview = Preview(**json.loads((folder / "preview.json").read_text("utf-8")))
        start = max(0, preview.after - PREVIEW_ROWS) if preview.is_added else 0
        with cursor() as connection:
            rows = connection.read_parquet(str(folder / "rows.parquet"))
            return preview, rows.limit(PREVIEW_ROWS, start).df()

    def go_live(self, token: str) -> None:
        """Put an upload in the place of the source; raise Rejected if that changed meanwhile."""
        folder = self._staged(token)
        preview, _ = self.preview(token)
        with self.lock:
            if digest(self.source) != preview.base:
                raise Rejected("The data changed since this preview. Upload the file again.")
            self._replace(folder / self.source.name)
        self.discard(token)

    def discard(self, token: str) -> None:
        """Forget an upload."""
        shutil.rmtree(self._staged(token))

    def versions(self) -> list[Path]:
        """Return the files that were live before, the latest first."""
        return sorted((self.folder / "versions").iterdir(), reverse=True)

    def restore(self, name: str) -> None:
        """Put a former file in the place of the source."""
        with self.lock:
            file = next((file for file in self.versions() if file.name == name), None)
            self._replace(file or abort(404, "There is no such version."))

    def bring_back(self) -> None:
        """Give a new release the live file, unless the release has newer data itself."""
        live, shipped = self.folder / "live", self.folder / "shipped"
        with self.lock:
            if live.exists() and digest(self.source) == shipped.read_text("utf-8"):
                self._copy(live)

    def _replace(self, file: Path) -> None:
        """Make a file the source, keep the one before, and rebuild the snapshot, or change nothing."""
        moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        former = self.folder / "versions" / f"{moment}-{token_hex(3)}"
        shutil.copyfile(self.source, former)
        before = digest(former)
        try:
            self._copy(file)
        except OSError as error:
            former.unlink()
            raise Rejected(f"{self.source.name} cannot be written: {error.strerror}.") from error
        state = self.data.build(force=True)
        if state.error:
            former.replace(self.source)
            self.data.build(force=True)
            raise Rejected(f"The new file cannot be read ({state.error}). The former is live again.")
        live, shipped = self.folder / "live", self.folder / "shipped"
        if not live.exists() or digest(live) != before:
            shipped.write_text(before, "utf-8")
        shutil.copyfile(self.source, live)
        for old in self.versions()[VERSIONS:]:
            old.unlink()

    def _copy(self, file: Path) -> None:
        """Replace the source at once: a reader has the old file or the new one."""
        temporary = self.source.with_name(f".{self.source.name}.new")
        shutil.copyfile(file, temporary)
        with temporary.open("rb+") as copy:
            os.fsync(copy.fileno())
        temporary.replace(self.source)

    def _staged(self, token: str) -> Path:
        folder = self.folder / "staged" / token
        is_token = token.isalnum() and len(token) == 32  # a longer one may be no name of a file
        if not is_token or not (folder / "preview.json").exists():
            abort(404, "There is no such upload. It may have been used already.")
        return folder

    def _clear(self) -> None:
        """Delete uploads that nobody decided on."""
        for folder in (self.folder / "staged").glob("*"):
            if time.time() - folder.stat().st_mtime > STAGED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def digest(file: Path) -> str:
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()
