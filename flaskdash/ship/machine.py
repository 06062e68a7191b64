"""The machine that a release runs on: its Python and platform, as pip tags and as markers."""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
from dataclasses import dataclass

from flaskdash.project import Project
from flaskdash.ship.errors import PreflightError

EXAMPLES = "manylinux_2_28_x86_64, manylinux_2_28_aarch64, musllinux_1_2_x86_64, macosx_14_0_arm64"
# Debian 10, Ubuntu 20.04, RHEL 8 and later have this glibc. Wheels for a newer one would limit the
# bundle to servers as new as this machine.
GLIBC = 28
MUSL = 2
# The platform names from before PEP 600, by the minor version of their glibc.
LEGACY_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


@dataclass(frozen=True)
class Machine:
    """A Python such as 3.12 on a platform such as manylinux_2_28_x86_64."""

    python: str
    platform: str

    @property
    def tag(self) -> str:
        """A name for this Python and platform that is valid as a file name."""
        return f"cp{self.python.replace('.', '')}-{self.platform}"

    @property
    def system(self) -> str:
        """The output of `uname -s` on this machine."""
        return "Darwin" if self.platform.startswith("macosx") else "Linux"

    @property
    def processor(self) -> str:
        """The output of `uname -m` on this machine."""
        return _split(self.platform)[2]

    def platforms(self) -> list[str]:
        """Return the platform tags of the wheels that run on this machine, best first.

        pip adds older macOS tags by itself, but does not add manylinux tags older than 2_28.
        """
        family, newest, processor = _split(self.platform)
        if family == "macosx":
            return [self.platform]
        if family == "musllinux":
            return [f"musllinux_1_{minor}_{processor}" for minor in range(newest, 0, -1)]
        oldest = 5 if processor in {"x86_64", "i686"} else 17
        tags = []
        for minor in range(newest, oldest - 1, -1):
            tags.append(f"manylinux_2_{minor}_{processor}")
            if minor in LEGACY_NAMES:
                tags.append(f"{LEGACY_NAMES[minor]}_{processor}")
        return tags

    def markers(self, patch: int) -> dict[str, str]:
        """Return the environment for evaluating the markers of requirements."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.{patch}",
            "os_name": "posix",
            "platform_machine": self.processor,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": self.system,
            "platform_version": "",
            "python_full_version": f"{self.python}.{patch}",
            "python_version": self.python,
            "sys_platform": self.system.lower(),
        }


def machine(project: Project, python: str | None, platform_tag: str | None) -> Machine:
    """Return the machine for a Python and platform; the default is the project's and this one's.

    Raise PreflightError if either is invalid.
    """
    version = python or _project_python(project)
    if not re.fullmatch(r"3\.[0-9]{1,3}", version):
        raise PreflightError(
            f"{version!r} is not a Python version such as 3.12",
            hint="flaskdash deploy bundle --python 3.12",
        )
    tag = platform_tag or this_platform()
    _split(tag)  # raises the error of an unknown platform
    return Machine(version, tag)


def this_platform() -> str:
    """Return this machine's platform tag; on Windows, where bundles do not start, that of a server."""
    processor = platform.machine()
    if sys.platform == "darwin":
        major, minor = (platform.mac_ver()[0].split(".") + ["0"])[:2]
        return f"macosx_{major}_{minor if major == '10' else 0}_{processor}"
    if sys.platform == "win32":
        return f"manylinux_2_{GLIBC}_{ {'ARM64': 'aarch64'}.get(processor, 'x86_64') }"
    if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        return f"musllinux_1_{MUSL}_{processor}"
    return f"manylinux_2_{GLIBC}_{processor}"


def _project_python(project: Project) -> str:
    file = project.root / ".python-version"
    try:
        match = re.search(r"\d+\.\d+", file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        match = None
    return match[0] if match else f"{sys.version_info.major}.{sys.version_info.minor}"


def _split(tag: str) -> tuple[str, int, str]:
    """Split a platform tag into its family, the minor version of its libc or system, and processor."""
    for minor, name in LEGACY_NAMES.items():
        tag = re.sub(rf"^{name}_", f"manylinux_2_{minor}_", tag)
    match = re.fullmatch(
        r"(manylinux_2|musllinux_1|macosx_[0-9]+)_([0-9]{1,3})_([a-z][a-z0-9_]*)", tag
    )
    if match is None:
        raise PreflightError(
            f"{tag!r} is not a platform that a bundle starts on. Use one such as {EXAMPLES}.",
            hint=f"flaskdash deploy bundle --platform manylinux_2_{GLIBC}_x86_64",
        )
    return match[1].partition("_")[0], int(match[2]), match[3]
