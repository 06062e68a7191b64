"""The deploy's own repository, in dist/: files become commits there, and are pushed from there.

The project's repository is not touched: not its branches, its index, its objects or its hooks. The
project need not even be in one.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flaskdash import shell
from flaskdash.ship.archive import Entry
from flaskdash.ship.errors import BuildError

HEAD = "refs/deployed"  # the remote's branch, as it was when it was fetched
MOST = 50  # commits that are looked at for releases
BRANCHES = ("main", "master")
# What servers say that make an app's repository when it is pushed to for the first time.
NOT_YET = re.compile(r"does not appear to be a git repository|App \S+ does not exist")
# What git adds to each such error, whatever its reason.
POLITE = ("Please make sure", "and the repository exists", "Warning: Permanently added")
# A tree must be what the files are: nobody's settings for line ends or signatures.
NO_CONFIG = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "flaskdash"), ("EMAIL", "flaskdash@localhost"))
}


@dataclass(frozen=True)
class Commit:
    """A commit on the remote: its release, and the one that it took the place of as failed."""

    id: str
    when: str
    release: str
    note: str = ""
    failed: str = ""


class Repository:
    """A bare repository for one remote. It may be deleted: all that counts is on the remote."""

    def __init__(
        self,
        dist: Path,
        url: str,
        branch: str = "main",
        options: Iterable[str] = (),
        env: Callable[[], Mapping[str, str | None]] = dict,
    ) -> None:
        self.folder = dist / f".push-{hashlib.sha256(url.encode()).hexdigest()[:12]}.git"
        self.url = url
        self.branch = branch
        self.options = tuple(options)
        self.env = env  # asked when git goes there, not before

    def reach(self) -> str:
        """Return why the remote can't be reached, in git's words; nothing where it can."""
        try:
            self._heads()
        except shell.CommandError as error:
            lines = [line.strip() for line in error.output.splitlines()]
            said = [line for line in lines if line and not line.startswith(POLITE)]
            return (said or [str(error)])[0]
        return ""

    def fetch(self) -> list[Commit]:
        """Get what was pushed before; return its commits, the newest first."""
        if not (self.folder / "HEAD").is_file():
            self.folder.parent.mkdir(exist_ok=True)
            shell.run(
                ["git", "init", "--bare", "--quiet", "--template=", str(self.folder)],
                self.folder.parent,
                NO_CONFIG,
            )
        self.branch, there = self._branch()
        if not there:
            return []
        self._remote("fetch", "--quiet", "--no-tags", self.url, f"+refs/heads/{self.branch}:{HEAD}")
        return self._log()

    def commit(self, entries: Iterable[Entry], message: str, parent: str | None) -> str:
        """Make a commit of these files and no others; return its id."""
        listed = list(entries)
        if odd := [entry.path for entry in listed if "\n" in entry.path]:
            raise BuildError(f"{odd[0]!r} has a line break in its name", "rename it")
        on_disk = {e.path: e.content for e in listed if isinstance(e.content, Path)}
        ids = self._local(
            *("hash-object", "-w", "--no-filters", "--stdin-paths"),
            stdin="".join(f"{file}\n" for file in on_disk.values()),
        ).split()
        known = dict(zip(on_disk, ids, strict=True))
        for entry in listed:
            if isinstance(entry.content, bytes):
                text = entry.content.decode("utf-8")
                known[entry.path] = self._local("hash-object", "-w", "--stdin", stdin=text).strip()
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            index = {"GIT_INDEX_FILE": str(Path(work) / "index")}
            lines = "".join(
                f"{'100755' if entry.executable else '100644'} {known[entry.path]}\t{entry.path}\0"
                for entry in listed
            )
            self._local("update-index", "-z", "--index-info", stdin=lines, env=index)
            tree = self._local("write-tree", env=index).strip()
        return self._commit(tree, message, parent)

    def again(self, commit: str, message: str, parent: str) -> str:
        """Make a commit of an earlier one's files, on top of another: no push has to be forced."""
        return self._commit(f"{commit}^{{tree}}", message, parent)

    def push(self, commit: str, each: Callable[[str], None]) -> None:
        """Push a commit; raise CommandError unless the remote has it then."""
        argv = self.push_command(commit)
        try:
            shell.stream(argv, self.folder, each, self._there())
        except shell.CommandError:
            # The connection may have been cut after the remote had taken it.
            if self._heads().get(f"refs/heads/{self.branch}") != commit:
                raise
        self._local("update-ref", HEAD, commit)

    def push_command(self, commit: str) -> list[str]:
        """Return the command that pushes a commit."""
        where = f"{commit}:refs/heads/{self.branch}"
        return ["git", *self._options(), "push", "--no-verify", self.url, where]

    def files(self, commit: str) -> list[str]:
        """Return the paths of a commit's files."""
        listed = self._local("ls-tree", "-r", "-z", "--name-only", commit)
        return [path for path in listed.split("\0") if path]

    def _branch(self) -> tuple[str, bool]:
        """Return the branch to push to, and whether it is there."""
        heads = self._heads()
        named = [heads.get("HEAD", ""), *(f"refs/heads/{name}" for name in BRANCHES)]
        for name in named:
            if name in heads:
                return name.removeprefix("refs/heads/"), True
        return self.branch, False

    def _heads(self) -> dict[str, str]:
        wanted = [f"refs/heads/{name}" for name in {*BRANCHES, self.branch}]
        try:
            printed = self._remote("ls-remote", "--symref", self.url, "HEAD", *wanted)
        except shell.CommandError as error:
            if NOT_YET.search(error.output):
                return {}
            raise
        found = re.findall(r"^(?:ref: )?(refs/\S+|[0-9a-f]{40,64})\t(\S+)$", printed, re.MULTILINE)
        # "ref: refs/heads/main  HEAD" comes first, and what HEAD is by its commit after it.
        return {name: value for value, name in reversed(found)}

    def _log(self) -> list[Commit]:
        form = "--format=%H%x00%cI%x00%B%x00"
        printed = self._local("log", "-z", "--first-parent", f"-{MOST}", form, HEAD).split("\0")
        rows = zip(printed[0::4], printed[1::4], printed[2::4], strict=False)
        return [_read(*row) for row in rows if row[0]]

    def _commit(self, tree: str, message: str, parent: str | None) -> str:
        parents = ["-p", parent] if parent else []
        argv = ("commit-tree", tree, *parents, "-m", message)
        return self._local(*argv, env=IDENTITY).strip()

    def _local(self, *args: str, stdin: str = "", env: Mapping[str, str] | None = None) -> str:
        """Run git on the repository, with no settings but its own."""
        own = NO_CONFIG | {"GIT_DIR": str(self.folder)} | dict(env or {})
        return shell.run(["git", *args], self.folder, own, stdin=stdin)

    def _remote(self, *args: str) -> str:
        """Run git with the person's own settings, which know the way to the remote."""
        folder = self.folder if self.folder.exists() else self.folder.parents[1]
        return shell.run(["git", *self._options(), *args], folder, self._there())

    def _there(self) -> dict[str, str | None]:
        # Said, as git may be told not to take a bare repository for one by itself.
        where = {"GIT_DIR": str(self.folder)} if self.folder.exists() else {}
        return {**self.env(), **where}

    def _options(self) -> tuple[str, ...]:
        return ("-c", f"core.hooksPath={os.devnull}", *self.options)


def _read(id: str, when: str, message: str) -> Commit:
    found = re.match(r"(?:Release|Back to) (\S+)", message)
    failed = re.search(r"^(\S+) failed", message, re.MULTILINE)
    note = message.strip().splitlines()[-1] if message.count("\n") > 1 else ""
    if not found:  # somebody's own push
        return Commit(id, when, id[:12], message.partition("\n")[0])
    return Commit(id, when, found[1], note, failed[1] if failed else "")
