"""A git server in one folder that treats a push like Heroku's buildpack, or like Piku.

It is the hook of a bare repository: `python buildpack.py FOLDER heroku|piku <refs`. It unpacks,
checks, installs and starts each push. FOLDER/server.json has its port and the app's settings.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

HOOK = """\
#!/bin/sh
exec '{python}' '{script}' '{root}' {kind}
"""
HIDDEN_VARIABLES = re.compile("GIT_|FLASK|VIRTUAL_ENV|SECRET_KEY|PYTEST|UV_PROJECT")


def make(root: Path, port: int, kind: str = "heroku", **settings: str) -> str:
    """Create a server that starts each push on a port; return its address."""
    repository = root / "app.git"
    subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)
    save(root, {"port": port, "settings": settings, "releases": []})
    # Heroku builds before it accepts a push, Piku afterwards.
    hook = repository / "hooks" / ("pre-receive" if kind == "heroku" else "post-receive")
    text = HOOK.format(python=sys.executable, script=Path(__file__), root=root, kind=kind)
    hook.write_text(text, "utf-8")
    hook.chmod(0o755)
    return f"git+file://{repository}"


def load(root: Path) -> dict[str, Any]:
    return dict(json.loads((root / "server.json").read_text("utf-8")))


def save(root: Path, state: dict[str, Any]) -> None:
    root.mkdir(exist_ok=True)
    (root / "server.json").write_text(json.dumps(state, indent=1), "utf-8")


def stop(root: Path) -> None:
    """End the web process of a server."""
    file = root / "web.pid"
    if file.is_file():
        pid = int(file.read_text())
        file.unlink()
        for number in (
            signal.SIGQUIT,
            signal.SIGKILL,
        ):  # SIGQUIT ends gunicorn without waiting for its requests
            with suppress(ProcessLookupError):
                os.killpg(pid, number)
            end = time.monotonic() + 5
            while runs(pid) and time.monotonic() < end:
                time.sleep(0.01)


def runs(pid: int) -> bool:
    """Return whether a process runs; a zombie has ended, although /proc still lists it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def refuse(sentence: str) -> None:
    """End the build with an error."""
    print(f" !     Error: {sentence}", flush=True)
    sys.exit(1)


def check(slug: Path) -> None:
    """Reject a project for the same reasons as Heroku's buildpack for Python."""
    locks = ("requirements.txt", "Pipfile.lock", "poetry.lock", "uv.lock")
    present = [name for name in locks if (slug / name).exists()]
    if len(present) != 1:
        refuse(f"exactly one of {', '.join(locks)} must exist, not {present or 'none'}")
    if (slug / "runtime.txt").exists():
        refuse("runtime.txt is deprecated")
    for name in (".venv", "venv"):
        if (slug / name).exists():
            refuse(f"{name} is in the repository")
    version = slug / ".python-version"
    if not version.is_file():
        refuse(".python-version is required with uv.lock")
    if not re.fullmatch(rb"\s*3\.1[1-4](\.\d+)?\s*", version.read_bytes()):
        refuse(".python-version is not a plain version")
    if not re.search(r"^web\s*:", (slug / "Procfile").read_text("utf-8"), re.MULTILINE):
        refuse("no web process in the Procfile")


def install(root: Path, slug: Path) -> None:
    """Install uv.lock into an environment that later builds reuse."""
    run(root, slug, "uv", "sync", "--locked", "--no-default-groups", "--no-progress")


def pip(root: Path, slug: Path) -> None:
    """Install requirements.txt like Piku, which continues if that fails."""
    listed = slug / "requirements.txt"
    if not listed.is_file():
        print("-----> Could not detect runtime!")
        return
    if not (root / "venv").exists():
        run(root, slug, "uv", "venv", "--quiet", str(root / "venv"))
    run(root, slug, "uv", "pip", "install", "--quiet", "-r", "requirements.txt", check=False)


def run(root: Path, slug: Path, *argv: str, check: bool = True) -> None:
    """Run a step of the build."""
    print(f"-----> {shlex.join(argv[:3])}", flush=True)
    venv = str(root / "venv")
    env = environment(root) | {"UV_PROJECT_ENVIRONMENT": venv, "VIRTUAL_ENV": venv}
    from uv import find_uv_bin

    program = find_uv_bin() if argv[0] == "uv" else argv[0]
    process = subprocess.run([program, *argv[1:]], cwd=slug, env=env, stderr=subprocess.STDOUT)
    if process.returncode and check:
        refuse(f"{argv[0]} failed")


def environment(root: Path) -> dict[str, str]:
    """Return the app's variables: its settings and port, without those of the tests."""
    state = load(root)
    inherited = {key: value for key, value in os.environ.items() if not HIDDEN_VARIABLES.match(key)}
    path = f"{root / 'venv/bin'}:{os.environ['PATH']}"
    return {**inherited, **state["settings"], "PORT": str(state["port"]), "PATH": path}


def processes(slug: Path) -> dict[str, str]:
    """Return the commands of a Procfile."""
    lines = (slug / "Procfile").read_text("utf-8").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip(): command.strip() for name, _, command in pairs}


def start(root: Path, slug: Path) -> bool:
    """Replace the web process; return whether the new one listens."""
    stop(root)
    if "web" not in processes(slug):
        return False
    with (root / "web.log").open("ab") as log:
        process = subprocess.Popen(
            ["sh", "-c", f"exec {processes(slug)['web']}"],
            cwd=slug,
            env=environment(root),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (root / "web.pid").write_text(str(process.pid))
    for _ in range(300):
        if process.poll() is not None:
            return False
        try:
            url = f"http://127.0.0.1:{load(root)['port']}/up"
            urllib.request.urlopen(url, timeout=5).close()
            return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.02)
    return False


def release(root: Path, kind: str, commit: str) -> None:
    """Build a commit and make it live."""
    slug = root / "slugs" / commit
    shutil.rmtree(slug, ignore_errors=True)
    slug.mkdir(parents=True)
    packed = subprocess.run(["git", "archive", commit], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", str(slug)], input=packed, check=True)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    if (root / "pause").exists():  # simulates a slow build
        (root / "building").touch()
        time.sleep(float((root / "pause").read_text()))
    if kind == "heroku":
        check(slug)
        install(root, slug)
    else:
        pip(root, slug)
    listens = kind == "piku" and start(root, slug)  # before its release phase
    state = load(root)
    first = processes(slug).get("release")
    process = first and subprocess.run(first, shell=True, cwd=slug, env=environment(root))
    failed = bool(process and process.returncode)
    version = len(state["releases"]) + 1
    state["releases"].append({"version": version, "commit": commit, "failed": failed})
    save(root, state)
    if failed:  # the words of the real servers
        number = process.returncode if process else 0
        piku = f"-----> Exiting due to release command error value: {number}"
        print("Waiting for release.... failed." if kind == "heroku" else piku, flush=True)
        return
    if kind == "heroku":
        listens = start(root, slug)
    print("-----> Started" if listens else " !     It does not listen.", flush=True)


def restart(root: Path, commit: str) -> None:
    """Start the build of a commit with the current settings."""
    program = [sys.executable, str(Path(__file__)), str(root), "start", commit]
    subprocess.run(program, stdin=subprocess.DEVNULL, check=True, capture_output=True)


if __name__ == "__main__":
    if sys.argv[2] == "start":
        start(Path(sys.argv[1]), Path(sys.argv[1]) / "slugs" / sys.argv[3])
    for line in sys.stdin:
        _, new, ref = line.split()
        if ref in ("refs/heads/main", "refs/heads/master"):
            release(Path(sys.argv[1]), sys.argv[2], new)
