"""A bare repository in dist/ that turns files into commits and pushes them to a remote.

It leaves the project's own repository alone: its branches, index, objects and hooks. The project
need not be in a git repository at all.
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
from flaskdash.errors import FlaskdashError
from flaskdash.ship.archive import Entry
from flaskdash.ship.errors import BuildError

HEAD = "refs/deployed"  # the remote's branch after the last fetch or push
EMPTY_APP = "Create the app, so that it has its settings before its first release"
HISTORY_LENGTH = 50
BRANCHES = ("main", "master")
# Servers that create an app's repository at the first push print one of these before it.
NO_REPOSITORY = re.compile(r"does not appear to be a git repository|App \S+ does not exist")
# git adds these lines to every connection error, whatever the reason.
BOILERPLATE = ("Please make sure", "and the repository exists", "Warning: Permanently added")
# The user's settings for line ends or signatures must not change what is committed.
NO_CONFIG = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
IDENTITY = {
    "GIT_AUTHOR_NAME": "flaskdash",
    "GIT_AUTHOR_EMAIL": "flaskdash@localhost",
    "GIT_COMMITTER_NAME": "flaskdash",
    "GIT_COMMITTER_EMAIL": "flaskdash@localhost",
}


@dataclass(frozen=True)
class Commit:
    """A commit on the remote with its release; `failed` names the release that it replaced."""

    id: str
    when: str
    release: str
    note: str = ""
    failed: str = ""


class Repository:
    """A bare repository for one remote. It can be deleted: the state is on the remote."""

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
        # A function, because reading the credentials can fail and must wait until git needs them.
        self.env = env

    def connection_error(self) -> str:
        """Return git's reason why the remote is unreachable; empty if it answers."""
        try:
            self._remote_refs()
        except shell.CommandError as error:
            lines = [line.strip() for line in error.output.splitlines()]
            reasons = [line for line in lines if line and not line.startswith(BOILERPLATE)]
            return (reasons or [str(error)])[0]
        return ""

    def has_branch(self) -> bool:
        """Return whether something was pushed to the remote; False if it does not answer."""
        try:
            return self._find_branch()[1]
        except FlaskdashError:
            return False

    def fetch(self) -> list[Commit]:
        """Fetch the remote's branch and return its commits, newest first."""
        if not (self.folder / "HEAD").is_file():
            self.folder.parent.mkdir(exist_ok=True)
            shell.run(
                ["git", "init", "--bare", "--quiet", "--template=", str(self.folder)],
                self.folder.parent,
                NO_CONFIG,
            )
        self.branch, exists = self._find_branch()
        if not exists:
            self._run_local("update-ref", "-d", HEAD)
            return []
        refspec = f"+refs/heads/{self.branch}:{HEAD}"
        self._run_remote("fetch", "--quiet", "--no-tags", self.url, refspec)
        return self._log()

    def commit(self, entries: Iterable[Entry], message: str) -> str:
        """Commit exactly these files on top of the remote's branch, and return the commit's ID."""
        listed = list(entries)
        multiline = [entry.path for entry in listed if "\n" in entry.path]
        if multiline:
            raise BuildError(
                f"{multiline[0]!r} has a line break in its name, and git push cannot ship it."
                " Rename the file."
            )
        blobs = self._write_blobs(listed)
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            lines = "".join(
                f"{'100755' if entry.executable else '100644'} {blobs[entry.path]}\t{entry.path}\0"
                for entry in listed
            )
            self._run_local("update-index", "-z", "--index-info", stdin=lines, env=index)
            tree = self._run_local("write-tree", env=index).strip()
        return self._commit_tree(tree, message)

    def recommit(self, commit: str, message: str) -> str:
        """Commit the files of an earlier commit again, so that no push is forced."""
        return self._commit_tree(f"{commit}^{{tree}}", message)

    def push(self, commit: str, on_line: Callable[[str], None]) -> str:
        """Push a commit and return the output; raise CommandError if the remote does not have it."""
        argv = self.push_command(commit)
        try:
            output = shell.stream(argv, self.folder, on_line, self._remote_env())
        except shell.CommandError as error:
            # The connection may have dropped after the remote had accepted the push.
            if not self._remote_refs().get(f"refs/heads/{self.branch}") == commit:
                raise
            output = error.output
        self._run_local("update-ref", HEAD, commit)
        return output

    def push_command(self, commit: str) -> list[str]:
        refspec = f"{commit}:refs/heads/{self.branch}"
        return ["git", *self._options(), "push", "--no-verify", self.url, refspec]

    def _write_blobs(self, entries: list[Entry]) -> dict[str, str]:
        """Write the files to the object store and return their object IDs by path."""
        on_disk = {
            entry.path: entry.content for entry in entries if isinstance(entry.content, Path)
        }
        ids = self._run_local(
            *("hash-object", "-w", "--no-filters", "--stdin-paths"),
            stdin="".join(f"{file}\n" for file in on_disk.values()),
        ).split()
        blobs = dict(zip(on_disk, ids, strict=True))
        for entry in entries:
            if isinstance(entry.content, bytes):
                text = entry.content.decode("utf-8")
                blob = self._run_local("hash-object", "-w", "--stdin", stdin=text)
                blobs[entry.path] = blob.strip()
        return blobs

    def _find_branch(self) -> tuple[str, bool]:
        """Return the branch to push to, and whether the remote already has it."""
        refs = self._remote_refs()
        candidates = [refs.get("HEAD", ""), *(f"refs/heads/{name}" for name in BRANCHES)]
        for ref in candidates:
            if ref in refs:
                return ref.removeprefix("refs/heads/"), True
        return self.branch, False

    def _remote_refs(self) -> dict[str, str]:
        """Return the remote's branches by ref; HEAD maps to the ref that it points to."""
        patterns = [f"refs/heads/{name}" for name in {*BRANCHES, self.branch}]
        try:
            output = self._run_remote("ls-remote", "--symref", self.url, "HEAD", *patterns)
        except shell.CommandError as error:
            if NO_REPOSITORY.search(error.output):
                return {}
            raise
        lines = re.findall(r"^(?:ref: )?(refs/\S+|[0-9a-f]{40,64})\t(\S+)$", output, re.MULTILINE)
        # HEAD is listed twice, first as "ref: refs/heads/main", then with its commit. Reversing
        # the lines lets the ref win.
        return {name: value for value, name in reversed(lines)}

    def _log(self) -> list[Commit]:
        form = "--format=%H%x00%cI%x00%B%x00"
        output = self._run_local("log", "-z", "--first-parent", f"-{HISTORY_LENGTH}", form, HEAD)
        fields = output.split("\0")
        rows = zip(fields[0::4], fields[1::4], fields[2::4], strict=False)
        return [_parse_commit(*row) for row in rows if row[0] and row[2].strip() != EMPTY_APP]

    def _commit_tree(self, tree: str, message: str) -> str:
        head = self._run_local("for-each-ref", "--format=%(objectname)", HEAD).strip()
        parents = ["-p", head] if head else []
        argv = ("commit-tree", tree, *parents, "-m", message)
        return self._run_local(*argv, env=IDENTITY).strip()

    def _run_local(self, *args: str, stdin: str = "", env: Mapping[str, str] | None = None) -> str:
        """Run git on this repository, without the user's configuration."""
        variables = NO_CONFIG | {"GIT_DIR": str(self.folder)} | dict(env or {})
        return shell.run(["git", *args], self.folder, variables, stdin=stdin)

    def _run_remote(self, *args: str) -> str:
        """Run git with the user's configuration, which may hold what the remote needs."""
        folder = self.folder if self.folder.exists() else self.folder.parents[1]
        return shell.run(["git", *self._options(), *args], folder, self._remote_env())

    def _remote_env(self) -> dict[str, str | None]:
        # With safe.bareRepository=explicit, git only uses a bare repository that GIT_DIR names.
        git_dir = {"GIT_DIR": str(self.folder)} if self.folder.exists() else {}
        return {**self.env(), **git_dir}

    def _options(self) -> tuple[str, ...]:
        return ("-c", f"core.hooksPath={os.devnull}", *self.options)


def _parse_commit(id: str, when: str, message: str) -> Commit:
    match = re.match(r"(?:Release|Back to) (\S+)", message)
    failed = re.search(r"^(\S+) failed", message, re.MULTILINE)
    note = message.strip().splitlines()[-1] if message.count("\n") > 1 else ""
    if not match:  # a commit that a person pushed
        return Commit(id, when, id[:12], message.partition("\n")[0])
    return Commit(id, when, match[1], note, failed[1] if failed else "")
