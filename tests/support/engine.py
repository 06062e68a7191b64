"""A container engine for the tests: podman in a folder of its own, with base images made here.

The base images hold the Debian packages of this machine, under the names that a project's
Dockerfile uses, so that the tests need no registry but their own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from uv import find_uv_bin

from tests.support.waiting import need, wait_for
from tests.support.web import fetch, free_port

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PACKAGES = (
    f"python{PYTHON}",
    "passwd",
    "libstdc++6",
)  # and the packages that are essential to Debian
EXCLUDED = re.compile(
    r"/usr/share/(doc|man|locale|info|perl|bash-completion|lintian)/|/usr/include/"
)

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
CONTAINERS = """\
[containers]
netns = "host"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE = '[storage]\ndriver = "overlay"\ngraphroot = "{0}/storage"\nrunroot = "{0}/run"\n'
REGISTRIES = '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n'
SERVER = """\
version: 0.1
storage:
  filesystem:
    rootdirectory: {folder}
http:
  addr: 127.0.0.1:{port}
"""


@dataclass(frozen=True)
class Podman:
    """The engine, and the address of its registry."""

    folder: Path
    registry: str

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment that confines podman to the folder."""
        return {
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(self.folder / "registries.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
        }

    def __call__(self, *args: str, code: int = 0) -> str:
        """Run podman and return its output."""
        process = subprocess.run(
            ["podman", *args], capture_output=True, text=True, env=os.environ | self.variables
        )
        assert process.returncode == code, process.stdout + process.stderr
        return process.stdout.strip()


@contextmanager
def podman() -> Iterator[Podman]:
    """Provide an engine with the base images of a project and a registry; remove both afterwards."""
    if os.geteuid() != 0:
        pytest.skip("the tests' container engine needs root")
    need("podman", "runc", "docker-registry", "dpkg-query", f"/usr/bin/python{PYTHON}")
    with _in_memory() as folder:
        yield from _engine(folder)


@contextmanager
def _in_memory() -> Iterator[Path]:
    """Provide a folder in memory, and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="flaskdash-engine-", dir="/tmp"))
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        # Lazy: the monitor of a container that is gone may hold the folder for a moment longer.
        subprocess.run(["umount", "--recursive", "--lazy", folder], check=True)
        folder.rmdir()


def _engine(folder: Path) -> Iterator[Podman]:
    (folder / "containers.conf").write_text(CONTAINERS, "utf-8")
    (folder / "storage.conf").write_text(STORAGE.format(folder), "utf-8")
    with _registry(folder) as registry:
        (folder / "registries.conf").write_text(REGISTRIES.replace("127.0.0.1", registry), "utf-8")
        engine = Podman(folder, registry)
        try:
            _base_images(engine)
            yield engine
        finally:
            engine("rm", "--all", "--force", "--volumes", "--time", "0")


@contextmanager
def _registry(folder: Path) -> Iterator[str]:
    port = free_port()
    config = folder / "registry.yml"
    config.write_text(SERVER.format(folder=folder / "registry", port=port), "utf-8")
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", config], stdout=log, stderr=log)
    try:
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/v2/")[0] == 200, "the registry")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(30)


def _base_images(engine: Podman) -> None:
    archive = engine.folder / "base.tar"
    _write_root(archive)
    engine("import", str(archive), f"docker.io/library/python:{PYTHON}-slim-bookworm")
    build = engine.folder / "uv"
    build.mkdir()
    shutil.copy(find_uv_bin(), build / "uv")
    (build / "Dockerfile").write_text(
        f"FROM docker.io/library/python:{PYTHON}-slim-bookworm\n"
        f"COPY uv /usr/local/bin/uv\nENV SSL_CERT_FILE={CERTIFICATES}\n",
        "utf-8",
    )
    name = f"ghcr.io/astral-sh/uv:python{PYTHON}-bookworm-slim"
    engine("build", "--quiet", "--tag", name, str(build))


def _write_root(archive: Path) -> None:
    """Write the root file system of a slim image, with Python in /usr/local as the official one."""
    listing = subprocess.run(["dpkg", "--listfiles", *_packages()], capture_output=True, text=True)
    names = {
        str(Path(name).parent.resolve() / Path(name).name)
        for name in listing.stdout.splitlines()
        if name.startswith("/") and not EXCLUDED.match(name)
    }
    with tarfile.open(archive, "w") as tar:
        for name in sorted(names | {CERTIFICATES}):
            if Path(name).is_symlink() or Path(name).is_file():
                tar.add(name, recursive=False)
        for name in ("passwd", "group"):
            tar.add(f"/usr/share/base-passwd/{name}.master", f"etc/{name}")
        for name in ("dev", "home", "proc", "root", "run", "sys", "tmp", "var/tmp"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if "tmp" in name else 0o755
            tar.addfile(folder)
        for name in ("python", "python3", f"python{PYTHON}"):
            link = tarfile.TarInfo(f"usr/local/bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, f"/usr/bin/python{PYTHON}"
            tar.addfile(link)


def _packages() -> set[str]:
    """Return the packages of the base image, with all packages that they depend on."""
    fields = "${Package}\t${Essential}\t${Pre-Depends}, ${Depends}\n"
    listing = subprocess.run(
        ["dpkg-query", "--show", "--showformat", fields], capture_output=True, text=True, check=True
    )
    installed = {}
    for line in listing.stdout.splitlines():
        name, essential, dependencies = line.split("\t")
        installed[name] = (essential == "yes", dependencies)
    pending = [*PACKAGES, *(name for name, (is_essential, _) in installed.items() if is_essential)]
    packages: set[str] = set()
    while pending:
        name = pending.pop()
        if name in installed and name not in packages:
            packages.add(name)
            dependencies = installed[name][1]
            pending += re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]*)", dependencies)
    return packages
