"""Deploy by git push: to Dokku, Piku, and other servers that build and run each push."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from flaskdash import shell
from flaskdash.check import rules
from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.git import buildpack, history, probe, servers
from flaskdash.deploy.git import files as git_files
from flaskdash.deploy.git.repository import EMPTY_APP, Commit, Repository
from flaskdash.deploy.target import Outcome, Place, Release, Status, Target
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo, echo, working
from flaskdash.project import Project
from flaskdash.ship import files
from flaskdash.ship.archive import Entry
from flaskdash.ship.errors import BuildError, NotRolledBackError, PreflightError, RolledBackError

EXAMPLE = "flaskdash deploy git+ssh://dokku@example.org/myapp"
# A remote shell would run $(...) in the name of an app, and ssh would take -o... for an option.
ADDRESS = re.compile(
    r"git\+(?:file:///.+|\w+://(?:\w[\w.-]*(?::[^/]*)?@)?\w[\w.-]*(?::(?P<port>\d{1,5}))?"
    r"(?:/+[\w.~%][\w.~%-]*)+/*)",
    re.ASCII,
)
ERROR_LINES = 6  # of the server's output, when it refuses a push
# Piku stores settings beside the app's Python environment, which requirements.txt has it create.
EMPTY_APP_FILES = {"Procfile": b"release: true\n", "requirements.txt": b""}
# What Heroku, Piku and similar servers print of a release phase that failed. The push succeeds.
RELEASE_FAILED = re.compile(
    r"release (?:command|phase) (?:error|failed)|waiting for release\W+failed", re.IGNORECASE
)


@dataclass(frozen=True)
class PushPlan:
    """A deploy by git push."""

    target: GitTarget
    files: tuple[str, ...]

    @property
    def rules(self) -> Sequence[Rule]:
        return (*rules.ALL, *buildpack.BUILDPACK, *self.target.rules())

    @property
    def question(self) -> str:
        return f"Push {len(self.files)} files to {self.target.place.address}, and make them live?"

    def lines(self) -> Iterator[str]:
        """Yield each step and command as text."""
        repository = self.target.repository
        yield f"fetch     {repository.url}: the earlier releases"
        for line in self.target.first_steps():
            yield f"run       {line}"
        for path in self.files:
            yield f"commit    {path}"
        for path, purpose in git_files.generated(self.target.project, self.target.server):
            yield f"commit    {path}: {purpose}"
        yield f"run       {shlex.join(repository.push_command('COMMIT'))}"
        yield (
            f"verify    {self.target.url_text()}/up answers with the new release,"
            " and each dashboard answers"
        )
        yield f"or else   {self.target.recovery}"

    def run(self, echo: Echo) -> Outcome:
        """Push and wait until the new release answers; otherwise restore the one before."""
        target = self.target
        with working("Fetching the earlier releases..."):
            commits = target.repository.fetch()
            live = target.live_commit(commits)
        target.before_push(echo)
        release = history.new_release(commit.release for commit in commits)
        commit = target.repository.commit(
            git_files.entries(target.project, target.server, self.files, release),
            git_files.message(target.project, release),
        )
        echo(f"push      {release}: {len(self.files)} files, to {target.place.address}")
        try:
            url, problem = "", target.push(commit, live)
            if not problem:
                with working(f"Waiting for {release} to answer..."):
                    url, problem = target.wait(release)
        except KeyboardInterrupt:
            echo("\nInterrupted. The server may continue; `flaskdash status` shows what is live.")
            raise
        if problem:
            target.recover(live, release, problem, echo)
        echo(f"live      {release} at {url}")
        return Outcome(release=release, url=url)


class GitTarget(Target):
    """A server that builds and runs what is pushed to it."""

    settings = frozenset({"domain"})
    recovery = "push the files of the release before again, and wait until that one answers"

    def __init__(self, project: Project, place: Place) -> None:
        super().__init__(project, place)
        self.parts = self.parse_address()

    def parse_address(self) -> SplitResult:
        """Split the address; raise FlaskdashError if it is invalid or contains a password."""
        parts = urlsplit(self.place.address)
        match = ADDRESS.fullmatch(self.place.address)
        if not match or int(match["port"] or 0) > 65535:
            raise FlaskdashError(
                f"{self.place.address} is not an address to push to. Use git+ssh://USER@HOST/PATH,"
                " git+https://HOST/PATH or git+file:///PATH.",
                hint=EXAMPLE,
            )
        if parts.password:
            server = parts.netloc.rpartition("@")[2]
            public = parts._replace(netloc=f"{parts.username}@{server}")
            raise FlaskdashError(
                "The address contains a password, and pyproject.toml would store it. Leave it out,"
                " and let git's credential helper keep the password.",
                hint=f"flaskdash deploy {public.geturl()}",
            )
        return parts

    @cached_property
    def server(self) -> servers.GitServer:
        return servers.server(self.parts, self.project.root)

    @cached_property
    def repository(self) -> Repository:
        """The deploy's own repository, which is not the project's."""
        url = self.place.address.removeprefix("git+")
        dist = self.project.root / "dist"
        return Repository(dist, url, self.server.branch, env=_no_prompts)

    def plan(self) -> PushPlan:
        return PushPlan(self, tuple(str(path) for path in files.shipped(self.project)))

    def rules(self) -> tuple[Rule, ...]:
        """Return the rules of this target only."""
        return (
            Rule("address", "the app's URL is known", self._check_url, stops=True),
            Rule("remote", "the server accepts your connection", self._check_remote, stops=True),
        )

    def _check_url(self, _project: Project) -> Iterator[Finding]:
        candidates = self.candidate_urls()
        if not candidates:
            yield Finding(
                "the URL of the app is unknown",
                f"flaskdash deploy {self.place.address} --domain myapp.example.org",
            )
        elif reason := probe.unresolved(urlsplit(candidates[0]).netloc):
            yield Finding(f"{reason}. The release cannot be checked until it does", is_note=True)
        elif self.repository.has_branch() and (reason := probe.obstacle(candidates)):
            yield Finding(f"{reason}. The app was deployed before", is_note=True)

    def _check_remote(self, _project: Project) -> Iterator[Finding]:
        if reason := self.repository.connection_error():
            yield Finding(reason, shlex.join(["git", "ls-remote", self.repository.url]))

    def candidate_urls(self) -> list[str]:
        """Return the URLs where the app may answer, best first; none if its domain is unknown."""
        domain = self.place.settings.get("domain") or self.server.domain
        if domain and not re.fullmatch(r"[\w.-]+(:\d+)?", domain, re.ASCII):
            raise PreflightError(
                f"{domain!r} is not a domain",
                hint=f"flaskdash deploy {self.place.address} --domain myapp.example.org",
            )
        return probe.urls(domain) if domain else []

    def url_text(self) -> str:
        """Return the app's URL for the description of the plan."""
        return next(iter(self.candidate_urls()), "the app's URL")

    # --- the steps of a deploy ---

    def first_steps(self) -> list[str]:
        """Return the commands that run before the push, as text."""
        return self.server.setup_commands()

    def before_push(self, echo: Echo) -> None:
        """Create the app if it does not exist, and set the settings that it needs to start."""
        if not self.server.stores_settings:
            return
        with working("Reading the names of the app's settings..."):
            names = self.server.setting_names()
        if names is None:
            with working(f"Creating {self.server.app} on {self.server.label}..."):
                if not self.server.create_app():
                    self._push_empty_app()
            echo(f"create    {self.server.app} on {self.server.label}")
        settings = self.server.initial_settings(self.place.settings.get("domain", ""))
        missing = {key: value for key, value in settings.items() if key not in (names or [])}
        if missing:
            self.server.set(missing, restart=False)
            echo(f"set       {', '.join(missing)} on {self.server.app}")

    def _push_empty_app(self) -> None:
        """Have the server create the app by a push of files that start nothing."""
        entries = [Entry(name, text) for name, text in EMPTY_APP_FILES.items()]
        commit = self.repository.commit(entries, EMPTY_APP)
        self._push(commit, lambda _line: None, "Nothing is live yet")

    def push(self, commit: str, live: Commit | None) -> str:
        """Push a commit and print the server's output; return why its release phase failed, if it did.

        A refused push changes nothing.
        """
        state = f"{live.release} is still live" if live else "Nothing is live yet"
        return _release_failure(self._push(commit, _print_line, state))

    def _push(self, commit: str, on_line: Callable[[str], None], state: str) -> str:
        try:
            return self.repository.push(commit, on_line)
        except shell.CommandError as error:
            output = "\n".join(_server_lines(error.output)[-ERROR_LINES:])
            raise BuildError(
                f"The server refused the push. {state}. The server's output:\n{output}"
            ) from error

    def wait(self, release: str) -> tuple[str, str]:
        """Wait until a release answers; return its URL and the problem, if any."""
        return probe.wait(self.candidate_urls(), release)

    def recover(self, live: Commit | None, failed: str, problem: str, echo: Echo) -> NoReturn:
        """Restore the release that was live; raise the error that says which one is live now."""
        if live is None:
            raise NotRolledBackError(
                f"{failed} was pushed, but {problem}. There is no release before it.",
                hint=self.advice,
            )
        echo(f"failed    {failed}: {problem}")
        echo(f"restore   {live.release}")
        try:
            url = self.restore(live, f"{failed} failed: {problem}")
        except FlaskdashError as error:
            raise NotRolledBackError(
                f"{failed} was pushed, but {problem}. {live.release} could not be"
                f" restored: {error.message}",
                hint=self.advice,
            ) from error
        raise RolledBackError(
            f"{failed} was pushed, but {problem}. {live.release} is live again at {url}.",
            hint=self.advice,
        )

    @property
    def advice(self) -> str:
        """Return the command that helps to find out why a release failed."""
        return "flaskdash logs" if self.has_log else "flaskdash serve --prod"

    @property
    def has_log(self) -> bool:
        return self.server.has_log

    def restore(self, commit: Commit, reason: str) -> str:
        """Push the files of an earlier commit again; return the URL where it answers."""
        message = f"Back to {commit.release}\n\n{reason}"
        output = self.repository.push(self.repository.recommit(commit.id, message), _print_line)
        url, problem = "", _release_failure(output)
        if not problem:
            with working(f"Waiting for {commit.release} to answer..."):
                url, problem = self.wait(self.expected_answer(commit))
        if problem:
            raise FlaskdashError(problem)
        return url

    def expected_answer(self, commit: Commit) -> str:
        """Return the release that /up names when a commit is live; empty for a manual push."""
        return "" if commit.id.startswith(commit.release) else commit.release

    # --- the state of the target ---

    def live_commit(self, commits: Sequence[Commit]) -> Commit | None:
        """Return the commit that answers, or the last good one if none does; newest first."""
        if not commits:
            return None
        _, answer = probe.find_release(self.candidate_urls())
        failed = history.failures(commits)
        good = [commit for commit in commits if commit.release not in failed]
        matching = []
        if answer is not None:
            matching = [commit for commit in commits if self.expected_answer(commit) == answer]
        return next(iter([*matching, *good]), None)

    def releases(self) -> list[Release]:
        """Return the releases that were pushed, newest first."""
        commits = self.repository.fetch()
        live = self.live_commit(commits)
        failed = history.failures(commits)
        first_push = {commit.release: commit for commit in commits}  # later, older ones win
        names = dict.fromkeys(commit.release for commit in history.by_first_push(commits))
        return [
            Release(
                name,
                first_push[name].when,
                live is not None and live.release == name,
                "failed" if name in failed else first_push[name].note,
            )
            for name in names
        ]

    def rollback(self, release: str | None, echo: Echo) -> Outcome:
        """Push the files of the named release again, or those of the one before the live one."""
        with working("Fetching the earlier releases..."):
            commits = self.repository.fetch()
            live = self.live_commit(commits)
        earlier = history.choose(commits, live, release)
        echo(f"restore   {earlier.release} on {self.place.address}")
        reason = f"instead of {live.release}" if live else "nothing was live"
        try:
            url = self.restore(earlier, reason)
        except FlaskdashError as error:
            _, answer = probe.find_release(self.candidate_urls())
            if live is not None and answer == self.expected_answer(live):
                raise RolledBackError(
                    f"{earlier.release} could not be restored: {error.message}."
                    f" {live.release} is still live."
                ) from error
            self.recover(live, earlier.release, error.message, echo)
        echo(f"live      {earlier.release} at {url}")
        return Outcome(release=earlier.release, url=url)

    def status(self) -> Status:
        url, answer, reason = probe.look(self.candidate_urls())
        commits = self.repository.fetch()
        facts = {"pushed": commits[0].release if commits else "nothing yet"}
        if commits:
            facts |= {"on": commits[0].when, "branch": self.repository.branch}
        return Status(answer or "", url, answer is not None, facts, reason)

    def url(self) -> str:
        return probe.find_release(self.candidate_urls())[0]

    def logs(self, *, follow: bool) -> None:
        if not self.has_log:
            self._cannot("does not let flaskdash read the app's log")
        self.server.log(echo, follow=follow)

    def secrets(self) -> list[str]:
        if not self.server.stores_settings:
            self._cannot("does not let flaskdash read the app's settings")
        return self.server.setting_names() or []

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Set the app's settings; the server restarts the app with them."""
        if not self.server.stores_settings:
            self._cannot("does not let flaskdash change the app's settings")
        if self.server.setting_names() is None and not self.server.create_app():
            raise FlaskdashError(
                f"The app {self.server.app} does not exist on {self.server.label} yet",
                hint=f"flaskdash deploy {self.place.address}",
            )
        self.server.set(values, restart=True)
        echo(f"set       {', '.join(values)} on {self.server.app}")


def _no_prompts() -> dict[str, str | None]:
    return {"GIT_TERMINAL_PROMPT": "0"}


def _server_lines(output: str) -> list[str]:
    """Return the lines of the server, without those that git itself adds."""
    lines = (line.removeprefix("remote:").strip() for line in output.splitlines())
    return [
        line for line in lines if line and not line.startswith(("To ", "error: failed to push"))
    ]


def _release_failure(output: str) -> str:
    """Return the last line before the one that reports a failure; empty if none does."""
    lines = _server_lines(output)
    for line, following in zip(["", *lines], lines, strict=False):
        if RELEASE_FAILED.search(following):
            return f"its release phase failed: {line or following}"
    return ""


def _print_line(line: str) -> None:
    echo(f"          {line.removeprefix('remote: ').rstrip()}", err=True)


TARGET = GitTarget
