"""Deploy by git push: to Dokku, Piku, and what else builds and runs what is pushed to it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

import click

from flaskdash import shell
from flaskdash.check import rules
from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.git import buildpack, probe, servers
from flaskdash.deploy.git import files as git_files
from flaskdash.deploy.git import history as git_history
from flaskdash.deploy.git.repository import Commit, Repository
from flaskdash.deploy.target import Outcome, Place, Release, Status, Target
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo, working
from flaskdash.project import Project
from flaskdash.ship import files
from flaskdash.ship.errors import BuildError, NotRolledBackError, PreflightError, RolledBackError

EXAMPLE = "git+ssh://dokku@example.org/myapp"
LAST = 6  # lines of what the server printed, when a push fails


@dataclass(frozen=True)
class Push:
    """What a deploy by git push would do."""

    target: GitTarget
    files: tuple[str, ...]

    @property
    def rules(self) -> Sequence[Rule]:
        """Return the preflight's rules: everyone's, the buildpack's, and the target's own."""
        return (*rules.ALL, *buildpack.BUILDPACK, *self.target.rules())

    @property
    def question(self) -> str:
        """Return what a person is asked before it runs."""
        return f"Push {len(self.files)} files to {self.target.place.address}, and make them live?"

    def lines(self) -> Iterator[str]:
        """Yield each step and command in words."""
        repository = self.target.repository
        yield f"fetch     {repository.url}: what was pushed before"
        for line in self.target.first_steps():
            yield f"run       {line}"
        for path in self.files:
            yield f"commit    {path}"
        for path, why in git_files.added(self.target.project, self.target.server):
            yield f"commit    {path}: {why}"
        yield f"run       {shlex.join(repository.push_command('COMMIT'))}"
        yield f"ask       {self.target.shown()}/up, until it says: up RELEASE; then each dashboard"
        yield f"else      {self.target.way_back}"

    def run(self, echo: Echo) -> Outcome:
        """Push, wait until the new release answers, else go back to the one before."""
        target = self.target
        with working("Asking what is there..."):
            history = target.repository.fetch()
            live = target.live_commit(history)
        keyless = target.before_push(echo)
        release = git_history.name(one.release for one in history)
        parent = history[0].id if history else None
        commit = target.repository.commit(
            git_files.entries(target.project, target.server, self.files, release),
            git_files.message(target.project, release),
            parent,
        )
        echo(f"push      {release}: {len(self.files)} files, to {target.place.address}")
        try:
            target.push(commit, live)
            if keyless:
                target.after_push(echo)
            with working(f"Waiting for {release} to answer..."):
                url, wrong = target.wait(release)
        except KeyboardInterrupt:
            echo("\nInterrupted; the server may go on with it. What is live: flaskdash status")
            raise
        if wrong:
            target.go_back(live, Commit(commit, "", release), wrong, echo)
        echo(f"live      {release} at {url}")
        return Outcome(release=release, url=url)


class GitTarget(Target):
    """A place that builds and runs what is pushed to it."""

    what = "a git server"
    settings = frozenset({"domain"})
    way_back = "push the files of the release before again, and wait until that one answers"

    def __init__(self, project: Project, place: Place) -> None:
        super().__init__(project, place)
        self.parts = self.split()

    def split(self) -> SplitResult:
        """Return the parts of the address; refuse one that is none, or that holds a password."""
        parts = urlsplit(self.place.address)
        is_file = parts.scheme == "git+file"
        sound = is_file or re.fullmatch(r"[\w.-]*[\w.]", parts.hostname or "", re.ASCII)
        if not (parts.scheme.startswith("git+") and sound and parts.path.strip("/")):
            raise FlaskdashError(f"{self.place.address} is not an address to push to", EXAMPLE)
        if parts.hostname and parts.hostname.startswith("-"):
            raise FlaskdashError(f"{self.place.address} is not an address to push to", EXAMPLE)
        if parts.password:
            raise FlaskdashError(
                "the address holds a password, and it would be kept in pyproject.toml",
                hint="the address without it, and git's credential helper for the password",
            )
        return parts

    @cached_property
    def server(self) -> servers.Server:
        """Return what else the server can be asked."""
        return servers.server(self.parts, self.project.root)

    @cached_property
    def repository(self) -> Repository:
        """Return the deploy's own repository."""
        url = self.place.address.removeprefix("git+")
        dist = self.project.root / "dist"
        return Repository(dist, url, self.server.branch, env=_no_questions)

    def plan(self) -> Push:
        """Return what a deploy would do."""
        return Push(self, tuple(str(path) for path in files.shipped(self.project)))

    def rules(self) -> tuple[Rule, ...]:
        """Return the rules of this target alone."""
        return (
            Rule("address", "it is known where the app will answer", self._address),
            Rule("remote", "the server lets you in", self._remote),
        )

    def _address(self, _project: Project) -> Iterator[Finding]:
        if not self.domains():
            yield Finding(
                "nobody says where the app will answer",
                f"flaskdash deploy {self.place.address} --domain myapp.example.org",
            )

    def _remote(self, _project: Project) -> Iterator[Finding]:
        if why := self.repository.reach():
            yield Finding(why, shlex.join(["git", "ls-remote", self.repository.url]))

    def domains(self) -> list[str]:
        """Return the addresses that the app may answer at, the best first."""
        domain = self.place.settings.get("domain") or self.server.domain
        if domain and not re.fullmatch(r"[\w.-]+(:\d+)?", domain, re.ASCII):
            raise PreflightError(f"{domain!r} is not a domain", hint="myapp.example.org")
        return probe.urls(domain) if domain else []

    def shown(self) -> str:
        """Return where it will answer, in words."""
        return next(iter(self.domains()), "its address")

    # --- the steps ---

    def first_steps(self) -> list[str]:
        """Return in words what is run before the first push."""
        return self.server.commands()

    def before_push(self, echo: Echo) -> bool:
        """Set what the app has to have, such as a secret key; say whether that must wait for the push."""
        if not self.server.keeps_settings:
            return False
        with working("Asking for the names of its settings..."):
            names = self.server.names()
        if names is None:
            if not self.server.create():
                echo(
                    f"note      {self.server.what} makes {self.server.app} when it is pushed to, so"
                    " SECRET_KEY comes after: its first start fails"
                )
                return True
            echo(f"create    {self.server.app} on {self.server.what}")
        self._set_first(names or [], echo, restart=False)
        return False

    def _set_first(self, names: Sequence[str], echo: Echo, *, restart: bool) -> None:
        wanted = self.server.first(self.place.settings.get("domain", ""))
        if lacking := {key: value for key, value in wanted.items() if key not in names}:
            self.server.set(lacking, restart=restart)
            echo(f"set       {', '.join(lacking)} on {self.server.app}")

    def push(self, commit: str, live: Commit | None) -> None:
        """Push a commit, and print what the server says; a refused one changes nothing there."""
        try:
            self.repository.push(commit, _printed)
        except shell.CommandError as error:
            last = "\n".join(_told(error.output)[-LAST:])
            stands = f"{live.release} is live, as before" if live else "nothing is live yet"
            raise BuildError(f"the push was refused, and {stands}. It said:\n{last}") from error

    def after_push(self, echo: Echo) -> None:
        """Give an app that came into being with the push its settings."""
        self._set_first(self.server.names() or [], echo, restart=True)

    def wait(self, release: str) -> tuple[str, str]:
        """Wait until a release answers; return its address, and what is wrong."""
        return probe.wait(self.domains(), release)

    def go_back(self, live: Commit | None, failed: Commit, wrong: str, echo: Echo) -> NoReturn:
        """Make live what was live before, and raise the error that says which it is."""
        if live is None:
            raise NotRolledBackError(
                f"{failed.release} was pushed, but {wrong}; there is no release before it",
                hint=self.advice,
            )
        echo(f"failed    {failed.release}: {wrong}")
        echo(f"back      to {live.release}")
        try:
            url = self.restore(live, failed.id, f"{failed.release} failed: {wrong}")
        except FlaskdashError as error:
            raise NotRolledBackError(
                f"{failed.release} was pushed, but {wrong}; and {live.release} is not back:"
                f" {error.message}",
                hint=self.advice,
            ) from error
        raise RolledBackError(
            f"{failed.release} was pushed, but {wrong}; {live.release} is live again at {url}",
            hint=self.advice,
        )

    @property
    def advice(self) -> str:
        """Return what to do when a release has failed."""
        return (
            "flaskdash logs, and flaskdash serve --prod here"
            if self.has_log
            else ("flaskdash serve --prod here, and the server's log")
        )

    @property
    def has_log(self) -> bool:
        """Return whether the log can be read from here."""
        return self.server.has_log

    def restore(self, wanted: Commit, head: str, why: str) -> str:
        """Push the files of an earlier commit on top of another; return where they answer."""
        commit = self.repository.again(wanted.id, f"Back to {wanted.release}\n\n{why}", head)
        self.repository.push(commit, _printed)
        with working(f"Waiting for {wanted.release} to answer..."):
            url, wrong = self.wait(self.answer_of(wanted))
        if wrong:
            raise FlaskdashError(wrong)
        return url

    def answer_of(self, commit: Commit) -> str:
        """Return what /up says when a commit is live; nothing for a person's own push."""
        return "" if commit.id.startswith(commit.release) else commit.release

    # --- what can be asked ---

    def live_commit(self, history: Sequence[Commit]) -> Commit | None:
        """Return the commit that answers, newest first; where nothing answers, the last good one."""
        if not history:
            return None
        _, answer = probe.up(self.domains())
        good = [one for one in history if one.release not in git_history.failures(history)]
        matching = [one for one in history if answer is not None and answer == self.answer_of(one)]
        return next(iter([*matching, *good]), None)

    def releases(self) -> list[Release]:
        """Return what was pushed, newest first."""
        history = self.repository.fetch()
        live = self.live_commit(history)
        failed = git_history.failures(history)
        first = {one.release: one for one in history}  # the oldest of each stays
        return [
            Release(
                name,
                first[name].when,
                live is not None and live.release == name,
                "failed" if name in failed else first[name].note,
            )
            for name in dict.fromkeys(one.release for one in git_history.by_age(history))
        ]

    def rollback(self, release: str | None, echo: Echo) -> Outcome:
        """Push an earlier release's files again: the named one's, else those of the one before."""
        with working("Asking what is there..."):
            history = self.repository.fetch()
            live = self.live_commit(history)
        wanted = git_history.choose(history, live, release)
        echo(f"back      to {wanted.release}, on {self.place.address}")
        now = f"instead of {live.release}" if live else "nothing was live"
        try:
            url = self.restore(wanted, history[0].id, now)
        except FlaskdashError as error:
            if live is not None and probe.up(self.domains())[1] == self.answer_of(live):
                raise RolledBackError(
                    f"{wanted.release} is not back: {error.message}; {live.release} is live, as before"
                ) from error
            self.go_back(live, self.repository.fetch()[0], error.message, echo)
        echo(f"live      {wanted.release} at {url}")
        return Outcome(release=wanted.release, url=url)

    def status(self) -> Status:
        """Return what answers, and what was pushed last."""
        url, answer = probe.up(self.domains())
        history = self.repository.fetch()
        facts = {"pushed": history[0].release if history else "nothing yet"}
        if history:
            facts |= {"on": history[0].when, "branch": self.repository.branch}
        return Status(answer or "", url, answer is not None, facts)

    def url(self) -> str:
        """Return where the dashboard answers."""
        return probe.up(self.domains())[0]

    def logs(self, *, follow: bool) -> None:
        """Print the log of the app, as the server has it."""
        if not self.has_log:
            self._cannot("has no log that can be read from here")
        self.server.log(click.echo, follow=follow)

    def secrets(self) -> list[str]:
        """Return the names of the app's settings."""
        if not self.server.keeps_settings:
            self._cannot("keeps no settings that can be read from here")
        return self.server.names() or []

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Set them on the server, which starts the app anew with them."""
        if not self.server.keeps_settings:
            self._cannot("keeps no settings that can be set from here")
        if self.server.names() is None and not self.server.create():
            raise FlaskdashError(
                f"{self.server.app} is not on {self.server.what} yet", hint="flaskdash deploy"
            )
        self.server.set(values, restart=True)
        echo(f"set       {', '.join(values)} on {self.server.app}")


def _no_questions() -> dict[str, str | None]:
    return {"GIT_TERMINAL_PROMPT": "0"}


def _told(output: str) -> list[str]:
    """Return what the server has told, without what git says around it."""
    lines = (line.removeprefix("remote:").strip() for line in output.splitlines())
    return [
        line for line in lines if line and not line.startswith(("To ", "error: failed to push"))
    ]


def _printed(line: str) -> None:
    click.echo(f"          {line.removeprefix('remote: ').rstrip()}", err=True)


TARGET = GitTarget
