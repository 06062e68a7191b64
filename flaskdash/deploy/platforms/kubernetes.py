"""Kubernetes: push the docker target's image, and write the manifests that the user applies."""

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
SHARED = "app/shared.py"
LABEL = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")  # the name of a Kubernetes service
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+")


@dataclass(frozen=True)
class KubernetesPlan:
    """A deploy that pushes an image, writes the manifests, and prints the commands to run."""

    image: Image
    domain: str

    @property
    def rules(self) -> tuple[Rule, ...]:
        settings = settings_rule(self.image.secrets)
        return (*rules.ALL, ENGINE, images.DOCKERFILE, settings, CACHE)

    @property
    def question(self) -> str:
        return f"Build {self.image.tag} and push it to its registry?"

    def lines(self) -> Iterator[str]:
        yield from self.image.lines()
        if not self._has_manifests():
            yield f"create    {MANIFESTS}"
        yield from (f"print     {line}" for line in self.commands())

    def run(self, echo: Echo) -> Outcome:
        """Build, check and push the image; write the manifests unless the project has them."""
        self.image.make(echo)
        if not self._has_manifests():
            values = {
                "name": self.image.name,
                "repository": self.image.repository,
                "domain": self.domain,
            }
            with render.draft() as root:
                render.render("kubernetes", values, root)
                render.place(root, self.image.project.root, echo)
        echo(
            "\nflaskdash has applied nothing. Run on a computer whose kubectl reaches your cluster:"
        )
        for line in self.commands():
            echo(f"  {line}")
        echo(f"\nTo roll back: kubectl rollout undo deployment/{self.image.name}")
        return Outcome(self.image.release, f"https://{self.domain}" if self.domain else "")

    def commands(self) -> Iterator[str]:
        """Yield the commands that the user has to run."""
        name, env = self.image.name, self.image.secrets.path.as_posix()
        secret = f"kubectl create secret generic {name} --from-env-file={shlex.quote(env)}"
        yield f"{secret} --dry-run=client --output=yaml | kubectl apply --filename=-"
        release = f"sed 's|:RELEASE$|:{self.image.release}|' {MANIFESTS}"
        yield f"{release} | kubectl apply --filename=-"
        yield f"kubectl rollout status deployment/{name}"

    def _has_manifests(self) -> bool:
        return (self.image.project.root / MANIFESTS).exists()


class KubernetesTarget(Target):
    """Kubernetes as a target, without releases and logs, which kubectl shows."""

    what = "Kubernetes: kubectl"
    settings = frozenset({"domain"})

    def plan(self) -> KubernetesPlan:
        repository = images.repository(self.project, self.place.address)
        if "/" not in repository:
            raise PreflightError(
                "the address does not name a registry, and a cluster gets its images from one",
                hint="flaskdash deploy kubernetes://registry.example.org/team/shop",
            )
        domain = self.place.settings.get("domain", "")
        name = images.container_name(repository)
        _check_names(name, domain)
        try:
            engine = engines.find()
        except PreflightError:  # a rule of the preflight reports it
            engine = Engine("docker")
        secrets = Secrets(self.project, name)
        image = Image(self.project, engine, repository, images.new_release(), secrets)
        return KubernetesPlan(image, domain)

    def secrets(self) -> list[str]:
        """Return the names in the file of secrets."""
        return sorted(self.plan().image.secrets.read())

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Write secrets into their file, and print the commands that bring them to the cluster."""
        plan = self.plan()
        plan.image.secrets.write(values)
        echo(f"set       {', '.join(values)} in {plan.image.secrets.path.as_posix()}")
        echo("\nRun on a computer whose kubectl reaches your cluster:")
        echo(f"  {next(plan.commands())}")
        echo(f"  kubectl rollout restart deployment/{plan.image.name}")


def _check_names(name: str, domain: str) -> None:
    """Raise PreflightError if Kubernetes would reject the name or the domain."""
    if not LABEL.fullmatch(name):
        raise PreflightError(
            f"{name!r} cannot be a name on Kubernetes. It has to start with a letter, and have only"
            " lower-case letters, digits and hyphens",
            hint="flaskdash deploy kubernetes://registry.example.org/team/shop",
        )
    if domain and not DOMAIN.fullmatch(domain):
        raise PreflightError(
            f"{domain!r} is not a domain", hint="flaskdash deploy --domain dash.example.org"
        )


def _shared_cache(project: Project) -> Iterator[Finding]:
    if not (project.root / SHARED).exists():
        yield Finding(
            "each instance caches its answers for itself. With Redis, they share one cache",
            "flaskdash add-redis",
            is_note=True,
        )


CACHE = Rule("cache", "instances share a cache of their answers", _shared_cache)
TARGET = KubernetesTarget
