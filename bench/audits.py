"""Known vulnerabilities of the packages that each option of a project brings, for security.py."""

import json
import subprocess
import sys
from pathlib import Path

from flaskdash.check.audit import audit
from flaskdash.project import Project

UV = (sys.executable, "-m", "uv")
NOT_REACHABLE = "not reachable"
Result = tuple[str, str, int, list[str]]


class Audits:
    """What pip-audit reports of a project's lock, by the option that brought a package."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.results: list[Result] = []

    def look(self, project: Path, option: str) -> None:
        """Audit the packages that were added to a lock since the last look.

        pip-audit exits with 0 if no service knows the packages, and lists them as skipped: such
        packages are no cases.
        """
        export = ["export", "--frozen", "--no-default-groups", "--no-emit-project", "--quiet"]
        locked = subprocess.run(
            [*UV, *export], cwd=project, check=True, capture_output=True, text=True
        ).stdout
        requirements = project / "instance/requirements.txt"
        requirements.parent.mkdir(exist_ok=True)
        requirements.write_text(locked, "utf-8")
        command = ["tool", "run", "pip-audit", "--requirement", str(requirements)]
        command += ["--disable-pip", "--require-hashes", "--progress-spinner", "off"]
        output = subprocess.run(
            [*UV, *command, "--format", "json", "--timeout", "10"], capture_output=True, text=True
        ).stdout
        requirements.unlink()
        packages = json.loads(output)["dependencies"] if output else []
        added = [each for each in packages if each["name"] not in self.known]
        self.known |= {each["name"] for each in added}
        looked_up = [each for each in added if "skip_reason" not in each]
        findings = [
            f"{each['name']} {each['version']}: {vulnerability['id']}"
            for each in looked_up
            for vulnerability in each["vulns"]
        ]
        if len(looked_up) < len(added) or not packages:
            skipped = len(added) - len(looked_up)
            self.results.append((option, f"pip-audit: {NOT_REACHABLE}, {skipped} packages", 0, []))
        if looked_up:
            self.results.append((option, "pip-audit", len(looked_up), findings))


def audit_lock(project: Path) -> Result:
    """Do what the rule of `flaskdash check` does: uv looks up the whole lock."""
    findings = [*audit(Project.find(project))]
    if any(finding.is_open for finding in findings):
        return "all", f"uv audit: {NOT_REACHABLE}", 0, []
    return "all", "uv audit", 1, [finding.sentence for finding in findings]
