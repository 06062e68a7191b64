"""Kubernetes: the image of the docker target, pushed, and the manifests that run it; applied by hand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flaskdash.check import rules
from flaskdash.check.rule import Finding, Rule
from flaskdash.deploy.docker import ENGINE, settings
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
LABEL = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")  # the name of a service there
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+")


@dataclass(frozen=True)
class Kubernetes:
    """What a deploy would do: push an image, write the manifests, and print what to run."""

    image: Image
    domain: str

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the preflight's rules."""
        own = (ENGINE, images.DOCKERFILE, settings(self.image.secrets), CACHE)
        return (*rules.ALL, *own)

    @property
    def question(self) -> str:
        """Return what a person is asked before it runs."""
        return f"Build {self.image.tag} and push it to its registry?"

    def lines(self) -> Iterator[str]:
        """Yield each step, in words."""
        yield from self.image.lines()
        if not self._is_written():
            yield f"create    {MANIFESTS}"
        yield from (f"print     {line}" for line in self.commands())

    def run(self, echo: Echo) -> Outcome:
        """Build, boot and push the image; write the manifests where there are none."""
        self.image.make(echo)
        if not self._is_written():
            values = {
                "name": self.image.name,
                "repository": self.image.repository,
                "domain": self.domain,
            }
            with render.draft() as root:
                render.render_part("kubernetes", values, root)
                render.keep_originals(root)
                render.place(root, self.image.project.root, echo)
        echo("\nNext, where kubectl reaches your cluster; flaskdash has applied nothing:")
        for line in self.commands():
            echo(f"  {line}")
        echo(f"\nThe way back: kubectl rollout undo deployment/{self.image.name}")
        return Outcome(self.image.release, f"https://{self.domain}" if self.domain else "")

    def commands(self) -> Iterator[str]:
        """Yield the commands that a person runs next."""
        name, env = self.image.name, self.image.secrets.shown.as_posix()
        secret = f"kubectl create secret generic {name} --from-env-file={shlex.quote(env)}"
        yield f"{secret} --dry-run=client --output=yaml | kubectl apply --filename=-"
        release = f"sed 's|:RELEASE$|:{self.image.release}|' {MANIFESTS}"
        yield f"{release} | kubectl apply --filename=-"
        yield f"kubectl rollout status deployment/{name}"

    def _is_written(self) -> bool:
        return (self.image.project.root / MANIFESTS).exists()


class KubernetesTarget(Target):
    """Kubernetes as a target: releases and logs are kubectl's."""

    what = "Kubernetes: kubectl"
    settings = frozenset({"domain"})

    def plan(self) -> Kubernetes:
        """Return what a deploy would do."""
        repository = images.repository(self.project, self.place.address)
        if "/" not in repository:
            raise PreflightError(
                "a cluster gets its images from a registry, and none was named",
                hint="flaskdash deploy kubernetes://registry.example.org/team/shop",
            )
        domain = self.place.settings.get("domain", "")
        for what, said, fits in (
            ("a name on Kubernetes", images.name_of(repository), LABEL),
            ("a domain", domain or "a.b", DOMAIN),
        ):
            if not fits.fullmatch(said):
                raise PreflightError(
                    f"{said!r} can't be {what}", hint="small letters, digits and hyphens"
                )
        try:
            engine = engines.find()
        except PreflightError:  # the preflight says it
            engine = Engine("docker")
        secrets = Secrets(self.project, images.name_of(repository))
        image = Image(self.project, engine, repository, images.new_release(), secrets)
        return Kubernetes(image, domain)

    def secrets(self) -> list[str]:
        """Return the names in the secrets' file."""
        return sorted(self.plan().image.secrets.read())

    def set_secrets(self, values: Mapping[str, str], echo: Echo) -> None:
        """Write secrets into their file, and say how the cluster gets them."""
        plan = self.plan()
        plan.image.secrets.write(values)
        echo(f"set       {', '.join(values)} in {plan.image.secrets.shown.as_posix()}")
        echo("\nNext, where kubectl reaches your cluster:")
        echo(f"  {next(plan.commands())}")
        echo(f"  kubectl rollout restart deployment/{plan.image.name}")


def _shared_cache(project: Project) -> Iterator[Finding]:
    if not (project.root / SHARED).exists():
        yield Finding(
            "each instance keeps answers of its own; with Redis they share them",
            "flaskdash add-redis",
            is_note=True,
        )


CACHE = Rule("cache", "instances can share their answers", _shared_cache)
TARGET = KubernetesTarget
