"""The machine that wheels must fit: its Python and its platform, in the words of pip and of markers."""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
from dataclasses import dataclass

from flaskdash.project import Project
from flaskdash.ship.errors import PreflightError

EXAMPLES = "manylinux_2_28_x86_64, manylinux_2_28_aarch64, musllinux_1_2_x86_64, macosx_14_0_arm64"
# Debian 10, Ubuntu 20.04, RHEL 8 and all later ones have this glibc; a wheel for a newer one would
# bind the bundle to servers as new as this machine.
GLIBC = 28
MUSL = 2
# The names from before PEP 600, by the glibc that they stand for.
OLD_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


@dataclass(frozen=True)
class Machine:
    """A Python such as 3.12 on a platform such as manylinux_2_28_x86_64."""

    python: str
    platform: str

    @property
    def tag(self) -> str:
        """Return a name for the pair that is fit for a file."""
        return f"cp{self.python.replace('.', '')}-{self.platform}"

    @property
    def system(self) -> str:
        """Return what `uname -s` says there."""
        return "Darwin" if self.platform.startswith("macosx") else "Linux"

    @property
    def processor(self) -> str:
        """Return what `uname -m` says there."""
        return _split(self.platform)[2]

    def platforms(self) -> list[str]:
        """Return the platform tags of the wheels that run there, best first.

        pip widens macOS tags by itself, but takes manylinux_2_28 to mean nothing older.
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
            if minor in OLD_NAMES:
                tags.append(f"{OLD_NAMES[minor]}_{processor}")
        return tags

    def markers(self, patch: int) -> dict[str, str]:
        """Return the environment that a requirement's marker is evaluated in."""
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
    """Return the machine that was asked for; by default the project's Python, and this platform."""
    wanted = python or _python(project)
    if not re.fullmatch(r"3\.\d+", wanted):
        raise PreflightError(f"{wanted!r} is not a Python version", hint="3.12")
    tag = platform_tag or this_platform()
    _split(tag)
    return Machine(wanted, tag)


def this_platform() -> str:
    """Return this machine's platform tag; on Windows, where no bundle starts, a common server's."""
    processor = platform.machine()
    if sys.platform == "darwin":
        major, minor = (platform.mac_ver()[0].split(".") + ["0"])[:2]
        return f"macosx_{major}_{minor if major == '10' else 0}_{processor}"
    if sys.platform == "win32":
        return f"manylinux_2_{GLIBC}_{ {'ARM64': 'aarch64'}.get(processor, 'x86_64') }"
    if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        return f"musllinux_1_{MUSL}_{processor}"
    return f"manylinux_2_{GLIBC}_{processor}"


def _python(project: Project) -> str:
    file = project.root / ".python-version"
    try:
        found = re.search(r"\d+\.\d+", file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        found = None
    return found[0] if found else f"{sys.version_info.major}.{sys.version_info.minor}"


def _split(tag: str) -> tuple[str, int, str]:
    """Return a tag's family, its newest libc's (or system's) number, and its processor."""
    for number, old in OLD_NAMES.items():
        tag = re.sub(rf"^{old}_", f"manylinux_2_{number}_", tag)
    found = re.fullmatch(r"(manylinux_2|musllinux_1|macosx_\d+)_(\d+)_([a-z]\w*)", tag)
    if found is None:
        raise PreflightError(
            f"{tag!r} is not a platform that a bundle starts on",
            hint=f"--platform with one such as {EXAMPLES}",
        )
    return found[1].partition("_")[0], int(found[2]), found[3]
