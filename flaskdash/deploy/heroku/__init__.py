"""Deploy to Heroku: by git push, with its API for settings, releases, the log and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urlsplit

import click

from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy import git
from flaskdash.deploy.git import probe
from flaskdash.deploy.git.repository import Commit, Repository
from flaskdash.deploy.git.servers import Server
from flaskdash.deploy.heroku import api as heroku_api
from flaskdash.deploy.target import Release
from flaskdash.errors import FlaskdashError
from flaskdash.progress import Echo, working
from flaskdash.project import Project

# git asks this for a name and a password; the key is in the environment alone, where `ps` can't
# show it.
HELPER = '!f() { echo username=flaskdash; echo "password=$FLASKDASH_HEROKU_KEY"; }; f'
OVER = {"failed", "expired"}
NONE = "-"  # the commit of a release that is no deploy: no commit begins with it


class HerokuTarget(git.GitTarget):
    """An app at Heroku."""

    what = "Heroku"
    way_back = "have Heroku go back to the release before, and wait until that one answers"

    def split(self) -> SplitResult:
        """Return the parts of the address: heroku://APP."""
        parts = urlsplit(self.place.address)
        if not re.fullmatch(r"[a-z][a-z0-9-]*", parts.netloc) or parts.path.strip("/"):
            raise FlaskdashError(
                f"{self.place.address} is not an app at Heroku", hint="heroku://myapp"
            )
        return parts

    @cached_property
    def server(self) -> Server:
        """Return a server that has nothing over ssh: the API has it."""
        return Server(self.parts, self.project.root)

    @cached_property
    def api(self) -> heroku_api.Api:
        """Return the app's API."""
        return heroku_api.Api(self.parts.netloc)

    @cached_property
    def repository(self) -> Repository:
        """Return the deploy's own repository, which pushes to Heroku's."""
        dist = self.project.root / "dist"
        url = f"{heroku_api.GIT}/{self.parts.netloc}.git"
        options = ("-c", "credential.helper=", "-c", f"credential.helper={HELPER}")
        return Repository(dist, url, options=options, env=self._env)

    def _env(self) -> dict[str, str | None]:
        return {"GIT_TERMINAL_PROMPT": "0", "FLASKDASH_HEROKU_KEY": self.api.key}

    def rules(self) -> tuple[Rule, ...]:
        """Return the rule of this target alone."""
        return (Rule("account", "the app is yours at Heroku", self._account),)

    def _account(self, _project: Project) -> Iterator[Finding]:
        self.api.info()  # it raises the finding
        yield from ()

    def domains(self) -> list[str]:
        """Return the domain that was said, else the one that Heroku has given."""
        if "domain" in self.place.settings:
            return super().domains()
        return [self._web_url]

    @cached_property
    def _web_url(self) -> str:
        return str(self.api.info()["web_url"]).rstrip("/")

    def shown(self) -> str:
        """Return where it will answer, in words: nobody is asked for that."""
        said = self.place.settings.get("domain")
        return f"https://{said}" if said else f"the app's web_url at {heroku_api.API}"

    def first_steps(self) -> list[str]:
        """Return in words what is asked before the push."""
        return [
            f"PATCH {heroku_api.API}/apps/{self.api.app}/config-vars: SECRET_KEY, if it has none"
        ]

    def before_push(self, echo: Echo) -> bool:
        """Give the app a secret key, unless it has one."""
        if "SECRET_KEY" not in self.api.settings():
            self.api.set(self.server.first(""))
            echo(f"set       SECRET_KEY on {self.api.app}")
        return False

    def wait(self, release: str) -> tuple[str, str]:
        """Wait until a release answers, unless Heroku says that it has failed already."""
        return probe.wait(self.domains(), release, self._over)

    def _over(self) -> str:
        latest = next(iter(self.api.releases()), {})
        failed = latest.get("status") in OVER
        return f"its release phase failed (v{latest['version']})" if failed else ""

    def restore(self, wanted: Commit, head: str, why: str) -> str:
        """Have Heroku go back to an earlier commit's slug: it need not be built again."""
        answers = probe.up(self.domains())[1] == self.answer_of(wanted)
        if not (answers and self._over()):  # else a release phase failed, and replaced nothing
            self.api.rollback(self._newest(wanted))
        with working(f"Waiting for {wanted.release} to answer..."):
            url, wrong = probe.wait(self.domains(), self.answer_of(wanted))
        if wrong:
            raise FlaskdashError(wrong)
        return url

    def _newest(self, wanted: Commit) -> str:
        """Return the newest of Heroku's releases of a commit: it has the newest settings too."""
        releases = self.api.releases()
        slugs = {_slug(one) for one in releases if wanted.id.startswith(_commit(one))} - {""}
        good = [str(one["id"]) for one in releases if _slug(one) in slugs and not _failed(one)]
        if not good:
            raise FlaskdashError(f"Heroku has {wanted.release} no more", hint="flaskdash releases")
        return good[0]

    def releases(self) -> list[Release]:
        """Return what was pushed, newest first, with Heroku's own names."""
        history = {one.release: one.id for one in reversed(self.repository.fetch())}
        deploys = [one for one in self.api.releases() if _commit(one) != NONE]
        found = []
        for release in super().releases():
            mine = [one for one in deploys if history[release.name].startswith(_commit(one))]
            version = f"v{mine[0]['version']}" if mine else ""
            failed = "failed" if mine and _failed(mine[0]) else ""
            words = (version, failed or release.note)
            found.append(replace(release, note=" ".join(word for word in words if word)))
        return found

    def logs(self, *, follow: bool) -> None:
        """Print the app's log."""
        self.api.log(click.echo, follow=follow)

    @property
    def has_log(self) -> bool:
        """Return whether the log can be read from here: Heroku's can."""
        return True

    def secrets(self) -> list[str]:
        """Return the names of the app's config vars."""
        return sorted(self.api.settings())

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Set config vars; Heroku starts the app anew with them."""
        self.api.set(values)
        echo(f"set       {', '.join(values)} on {self.api.app}")


def _slug(release: Mapping[str, Any]) -> str:
    return str((release.get("slug") or {}).get("id", ""))


def _commit(release: Mapping[str, Any]) -> str:
    """Return the first digits of the commit that a release was built from."""
    found = re.match(r"Deploy ([0-9a-f]{7,40})", str(release.get("description", "")))
    return found[1] if found else NONE


def _failed(release: Mapping[str, Any]) -> bool:
    return release.get("status") in OVER


TARGET = HerokuTarget
