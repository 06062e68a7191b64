"""Deploy to Heroku: by git push, with its API for settings, releases, logs and rollbacks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy import git
from flaskdash.deploy.git import probe
from flaskdash.deploy.git.repository import Commit, Repository
from flaskdash.deploy.git.servers import GitServer
from flaskdash.deploy.heroku import api as heroku_api
from flaskdash.deploy.target import Release
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo, echo, working
from flaskdash.project import Project

# git runs this to get a user name and a password. The key is only in the environment, because
# `ps` would show it in the arguments of a command.
HELPER = '!f() { echo username=flaskdash; echo "password=$FLASKDASH_HEROKU_KEY"; }; f'
FAILED = {"failed", "expired"}
NO_COMMIT = "-"  # stands for the commit of a release that is not a deploy; no ID begins with it


class HerokuTarget(git.GitTarget):
    """An app on Heroku."""

    recovery = "have Heroku roll back to the release before, and wait until that one answers"

    def parse_address(self) -> SplitResult:
        """Split the address heroku://APP; raise FlaskdashError if it is invalid."""
        parts = urlsplit(self.place.address)
        if not re.fullmatch(r"[a-z][a-z0-9-]*", parts.netloc) or parts.path.strip("/"):
            raise FlaskdashError(
                f"{self.place.address} is not the address of an app on Heroku. Use heroku://APP.",
                hint="flaskdash deploy heroku://myapp",
            )
        return parts

    @cached_property
    def server(self) -> GitServer:
        """A server without commands over ssh: Heroku has an API for them."""
        return GitServer(self.parts, self.project.root)

    @cached_property
    def api(self) -> heroku_api.HerokuApp:
        return heroku_api.HerokuApp(self.parts.netloc)

    @cached_property
    def repository(self) -> Repository:
        """The deploy's own repository, which pushes to Heroku's."""
        dist = self.project.root / "dist"
        url = f"{heroku_api.GIT}/{self.parts.netloc}.git"
        options = ("-c", "credential.helper=", "-c", f"credential.helper={HELPER}")
        return Repository(dist, url, options=options, env=self._env)

    def _env(self) -> dict[str, str | None]:
        return {"GIT_TERMINAL_PROMPT": "0", "FLASKDASH_HEROKU_KEY": self.api.key}

    def rules(self) -> tuple[Rule, ...]:
        account = Rule(
            "account", "the app belongs to your Heroku account", self._check_account, stops=True
        )
        # Heroku's own domains always resolve and have a certificate.
        address = super().rules()[:1] if "domain" in self.place.settings else ()
        return (account, *address)

    def _check_account(self, _project: Project) -> Iterator[Finding]:
        self.api.info()  # raises the error that the preflight reports
        yield from ()

    def candidate_urls(self) -> list[str]:
        """Return the URLs of the configured domain, else the URL that Heroku has assigned."""
        if "domain" in self.place.settings:
            return super().candidate_urls()
        return [self._web_url]

    @cached_property
    def _web_url(self) -> str:
        return str(self.api.info()["web_url"]).rstrip("/")

    def url_text(self) -> str:
        """Return the app's URL in words, without a request to Heroku."""
        domain = self.place.settings.get("domain")
        return f"https://{domain}" if domain else f"the app's web_url from {heroku_api.API}"

    def first_steps(self) -> list[str]:
        return [
            f"PATCH {heroku_api.API}/apps/{self.api.app}/config-vars"
            "  # sets SECRET_KEY, if the app has none"
        ]

    def before_push(self, echo: Echo) -> None:
        """Set a SECRET_KEY, unless the app has one."""
        if "SECRET_KEY" not in self.api.settings():
            self.api.set(self.server.initial_settings(""))
            echo(f"set       SECRET_KEY on {self.api.app}")

    def wait(self, release: str) -> tuple[str, str]:
        """Wait until a release answers, or Heroku reports that its release phase failed."""
        return probe.wait(self.candidate_urls(), release, self._release_phase_failure)

    def _release_phase_failure(self) -> str:
        latest = next(iter(self.api.releases()), {})
        if _has_failed(latest):
            return f"its release phase failed (v{latest['version']})"
        return ""

    def restore(self, commit: Commit, reason: str) -> str:
        """Have Heroku roll back to the slug of an earlier commit, which needs no new build."""
        answer = self.expected_answer(commit)
        is_live = probe.find_release(self.candidate_urls())[1] == answer
        # After a failed release phase, the commit is still live and there is nothing to undo.
        if not (is_live and self._release_phase_failure()):
            self.api.rollback(self._newest_release(commit))
        with working(f"Waiting for {commit.release} to answer..."):
            url, problem = probe.wait(self.candidate_urls(), answer)
        if problem:
            raise FlaskdashError(problem)
        return url

    def _newest_release(self, commit: Commit) -> str:
        """Return the ID of Heroku's newest release of a commit, with its newest settings."""
        releases = self.api.releases()
        slugs = {_slug(release) for release in releases if commit.id.startswith(_commit(release))}
        slugs.discard("")
        ids = [
            str(release["id"])
            for release in releases
            if _slug(release) in slugs and not _has_failed(release)
        ]
        if not ids:
            raise FlaskdashError(
                f"Heroku does not have {commit.release} any more", hint="flaskdash releases"
            )
        return ids[0]

    def releases(self) -> list[Release]:
        """Return the releases that were pushed, newest first, with Heroku's version in the note."""
        ids = {commit.release: commit.id for commit in reversed(self.repository.fetch())}
        deploys = [deploy for deploy in self.api.releases() if _commit(deploy) != NO_COMMIT]
        releases = []
        for release in super().releases():
            commit = ids[release.name]
            deploy = next((item for item in deploys if commit.startswith(_commit(item))), None)
            version = f"v{deploy['version']}" if deploy else ""
            note = "failed" if deploy and _has_failed(deploy) else release.note
            releases.append(replace(release, note=f"{version} {note}".strip()))
        return releases

    def logs(self, *, follow: bool) -> None:
        self.api.log(echo, follow=follow)

    @property
    def has_log(self) -> bool:
        return True

    def secrets(self) -> list[str]:
        """Return the names of the app's config vars."""
        return sorted(self.api.settings())

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Set config vars; Heroku restarts the app with them."""
        self.api.set(values)
        echo(f"set       {', '.join(values)} on {self.api.app}")


def _slug(release: Mapping[str, Any]) -> str:
    return str((release.get("slug") or {}).get("id", ""))


def _commit(release: Mapping[str, Any]) -> str:
    """Return the first digits of the commit that a release was built from."""
    match = re.match(r"Deploy ([0-9a-f]{7,40})", str(release.get("description", "")))
    return match[1] if match else NO_COMMIT


def _has_failed(release: Mapping[str, Any]) -> bool:
    return release.get("status") in FAILED


TARGET = HerokuTarget
