"""Cloud Run: service.yaml, and the commands of gcloud."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from flaskdash.deploy.platforms import PlatformTarget
from flaskdash.ship.errors import PreflightError

EXAMPLE = "flaskdash deploy cloudrun://europe-west1-docker.pkg.dev/PROJECT/apps"
REPOSITORY = re.compile(
    r"cloudrun://([a-z]+-[a-z]+\d+)-docker\.pkg\.dev/([a-z][a-z0-9-]+)/([a-z0-9-]+)/?"
)


class CloudRun(PlatformTarget):
    """Cloud Run as a target. Its address names a repository in Artifact Registry for the images."""

    label = "Cloud Run"
    tool = "gcloud"
    files = ("service.yaml",)

    def values(self) -> Mapping[str, str]:
        return {"name": self.name, "image": f"{self._repository()[0]}/{self.name}"}

    def commands(self) -> Iterator[str]:
        image, region = self.values()["image"], self._repository()[1]
        secret = f"{self.name}-secret-key"
        yield f"openssl rand -hex 32 | gcloud secrets create {secret} --data-file=-   # once"
        yield 'release="$(date -u +%Y%m%d-%H%M%S)"'
        yield f'gcloud builds submit --tag "{image}:$release"'
        yield (
            f'sed "s|:RELEASE$|:$release|" service.yaml |'
            f" gcloud run services replace - --region {region}"
        )
        yield (
            f"gcloud run services add-iam-policy-binding {self.name} --region {region}"
            " --member allUsers --role roles/run.invoker   # once, to make the dashboard public"
        )

    def rollback_hint(self) -> str:
        region = self._repository()[1]
        return (
            f"gcloud run revisions list --service {self.name} --region {region}, then"
            f" gcloud run services update-traffic {self.name} --region {region}"
            " --to-revisions REVISION=100"
        )

    def _repository(self) -> tuple[str, str]:
        """Return the repository's address and its region."""
        match = REPOSITORY.fullmatch(self.place.address)
        if match is None:
            raise PreflightError(
                "Cloud Run pulls its images from Artifact Registry. Name a repository in the address.",
                hint=EXAMPLE,
            )
        region, project, repository = match.groups()
        return f"{region}-docker.pkg.dev/{project}/{repository}", region


TARGET = CloudRun
