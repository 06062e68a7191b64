"""Kubernetes: push the docker target's image, and write manifests for a person to apply."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flaskdash.check import rules
from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.docker import ENGINE, settings_rule
from flaskdash.deploy.docker import engine as engines
from flaskdash.deploy.docker import image as images
from flaskdash.deploy.docker.engine import Engine
from flaskdash.deploy.docker.image import Image
from flaskdash.deploy.docker.secrets import Secrets
from flaskdash.deploy.target import Outcome, Target
from flaskdash.generate import render
from flaskdash.progress import Echo
from flaskdash.project import Project
from flaskdash.ship.errors import PreflightError

MANIFESTS = "kubernetes.yaml"
SHARED = "app/engine/shared.py"
LABEL = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")  # the name of a service on Kubernetes
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+")


@dataclass(frozen=True)
class KubernetesPlan:
    """A deploy that pushes an image, writes the manifests, and prints the next commands."""

    image: Image
    domain: str

    @property
    def rules(self) -> tuple[Rule, ...]:
        return (
            ENGINE,
            *rules.ALL,
            images.DOCKERFILE,
            settings_rule(self.image.secrets),
            CACHE,
        )

    @property
    def question(self) -> str:
        return f"Build {self.image.tag} and push it to its registry?"

    def lines(self) -> Iterator[str]:
        """Yield each step as text."""
        yield from self.image.lines()
        if not self._has_manifests():
            yield f"create    {MANIFESTS}"
        yield from (f"print     {line}" for line in self.commands())

    def run(self, echo: Echo) -> Outcome:
        """Build, boot and push the image; write the manifests unless they exist."""
        self.image.make(echo, lambda: None)
        if not self._has_manifests():
            values = {
                "name": self.image.name,
                "repository": self.image.repository,
                "domain": self.domain,
            }
            with render.draft() as root:
                render.render_part("kubernetes", values, root)
                render.keep_originals(root)
                render.place(root, self.image.project.root, echo)
        echo("\nNothing is applied yet. Next, run where kubectl reaches your cluster:")
        for line in self.commands():
            echo(f"  {line}")
        echo(f"\nTo roll back: kubectl rollout undo deployment/{self.image.name}")
        return Outcome(self.image.release, f"https://{self.domain}" if self.domain else "")

    def commands(self) -> Iterator[str]:
        """Yield the commands that a person runs next."""
        name, env = self.image.name, self.image.secrets.path.as_posix()
        secret = f"kubectl create secret generic {name} --from-env-file={shlex.quote(env)}"
        yield f"{secret} --dry-run=client --output=yaml | kubectl apply --filename=-"
        release = f"sed 's|:RELEASE$|:{self.image.release}|' {MANIFESTS}"
        yield f"{release} | kubectl apply --filename=-"
        yield f"kubectl rollout status deployment/{name}"

    def _has_manifests(self) -> bool:
        return (self.image.project.root / MANIFESTS).exists()


class KubernetesTarget(Target):
    """Kubernetes as a target; kubectl manages its releases and logs."""

    settings = frozenset({"domain", "platform"})

    def plan(self) -> KubernetesPlan:
        repository = images.repository(self.project, self.place.address)
        if "/" not in repository:
            raise PreflightError(
                "Kubernetes pulls its images from a registry. Name one in the address.",
                hint="flaskdash deploy kubernetes://registry.example.org/team/shop",
            )
        domain = self.place.settings.get("domain", "")
        name = images.container_name(repository)
        _check_name("a name on Kubernetes", name, LABEL)
        if domain:
            _check_name("a domain", domain, DOMAIN)
        try:
            engine = engines.find()
        except PreflightError:  # the preflight reports it, as a rule that failed
            engine = Engine("docker")
        secrets = Secrets(self.project, name)
        platform = images.check_platform(self.place.settings.get("platform", ""))
        release = images.new_release()
        image = Image(self.project, engine, repository, release, secrets, platform)
        return KubernetesPlan(image, domain)

    def secrets(self) -> list[str]:
        """Return the names in the secrets file."""
        return sorted(self.plan().image.secrets.read())

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Write secrets to their file, and print the commands that apply them to the cluster."""
        plan = self.plan()
        plan.image.secrets.write(values)
        echo(f"set       {', '.join(values)} in {plan.image.secrets.path.as_posix()}")
        echo("\nNext, run where kubectl reaches your cluster:")
        echo(f"  {next(plan.commands())}")
        echo(f"  kubectl rollout restart deployment/{plan.image.name}")


def _check_name(label: str, name: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(name):
        raise PreflightError(
            f"{name!r} cannot be {label}. Use lowercase letters, digits and hyphens."
        )


def _check_cache(project: Project) -> Iterator[Finding]:
    if not (project.root / SHARED).exists():
        yield Finding(
            "each instance caches its own answers; with Redis, the instances share them",
            "flaskdash add-redis",
            is_note=True,
        )


CACHE = Rule("cache", "the instances can share their cached answers", _check_cache)
TARGET = KubernetesTarget
