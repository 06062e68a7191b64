"""The machine of a release, and its requirements."""

import pytest

from flaskdash.project import Project
from flaskdash.ship import lockfile
from flaskdash.ship.errors import PreflightError
from flaskdash.ship.machine import Machine, machine, this_platform
from tests.support.tiny import LINUX


def test_a_platform_includes_older_and_legacy_tags() -> None:
    tags = LINUX.platforms()
    assert tags[0] == "manylinux_2_28_x86_64"
    assert tags.index("manylinux_2_17_x86_64") + 1 == tags.index("manylinux2014_x86_64")
    assert tags[-1] == "manylinux1_x86_64"
    assert Machine("3.12", "manylinux2014_aarch64").platforms() == [
        "manylinux_2_17_aarch64",
        "manylinux2014_aarch64",
    ]
    assert Machine("3.12", "musllinux_1_2_x86_64").platforms() == [
        "musllinux_1_2_x86_64",
        "musllinux_1_1_x86_64",
    ]
    mac = Machine("3.13", "macosx_14_0_arm64")
    assert (mac.platforms(), mac.system, mac.processor) == ([mac.platform], "Darwin", "arm64")


def test_the_default_machine_has_the_projects_python(tiny_project: Project) -> None:
    assert machine(tiny_project, None, None) == Machine("3.12", this_platform())
    assert machine(tiny_project, "3.13", "musllinux_1_2_x86_64").tag == "cp313-musllinux_1_2_x86_64"
    for python, platform in (("3.12.1", None), ("latest", None), (None, "win_amd64"), (None, "x")):
        with pytest.raises(PreflightError):
            machine(tiny_project, python, platform)


def test_requirements_are_filtered_for_the_machine() -> None:
    exported = (
        "a==1 \\\n    --hash=sha256:11 \\\n    --hash=sha256:22\n"
        "b==1 ; python_full_version < '3.12' \\\n    --hash=sha256:33\n"
        "b==2 ; python_full_version >= '3.12' \\\n    --hash=sha256:44\n"
        "c==1 ; sys_platform == 'win32' \\\n    --hash=sha256:55\n"
        "d==1 ; python_full_version < '3.12.4' and platform_machine == 'x86_64' \\\n"
        "    --hash=sha256:66\n"
    )
    assert lockfile.for_machine(exported, LINUX) == (
        "a==1 \\\n    --hash=sha256:11 \\\n    --hash=sha256:22\n"
        "b==2 \\\n    --hash=sha256:44\nd==1 \\\n    --hash=sha256:66\n"
    )
