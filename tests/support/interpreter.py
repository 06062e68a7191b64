"""Run code in a new process that need not import pandas first: a fork of one that has."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

# It imports what all projects need, but nothing of a project itself.
LOOP = """
import json, multiprocessing, os, sys, time
import duckdb, flask.testing, pandas, plotly.graph_objects

def run(code, folder, environment, *outputs):
    for descriptor, path in enumerate(outputs, 1):
        os.dup2(os.open(path, os.O_WRONLY), descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    exec(code, {"__name__": "__main__"})

for line in sys.stdin:
    process = multiprocessing.get_context("fork").Process(target=run, args=json.loads(line))
    process.start()
    process.join(120)
    process.kill()
    process.join()
    print(process.exitcode, flush=True)
"""


@cache
def _start(environment: Path) -> subprocess.Popen[str]:
    """Start the process of an environment, which ends when the tests do."""
    # A process with threads, such as those of OpenBLAS, cannot be forked without a warning.
    return subprocess.Popen(
        [environment / "bin/python", "-W", "error", "-c", LOOP],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


def fork(project: Path, code: str, environment: dict[str, str]) -> tuple[int, str]:
    """Run code like `python -W error -c`; return the exit code and what it prints."""
    process = _start((project / ".venv").resolve())
    assert process.stdin
    assert process.stdout
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("stdout", "stderr")]
        for path in paths:
            path.touch()
        request = [code, str(project), environment, *map(str, paths)]
        process.stdin.write(json.dumps(request) + "\n")
        exit_code = int(process.stdout.readline())
        return exit_code, "".join(path.read_text("utf-8") for path in paths)
