"""Query: SQL of an assistant, over the rows that its key may see; sandbox.py runs it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from flask import abort

from app.blueprints.api.keys import readable
from app.engine.rights import rights, visible_rows

SANDBOX = Path(__file__).with_name("sandbox.py")
SECONDS = 20
MOST_ROWS = 1_000
LARGEST = 5_000_000  # rows of a data set, all of which are copied
MEMORY = 2**30  # bytes


def run_query(sql: str) -> dict[str, Any]:
    """Return the columns and the first rows of a SELECT over the data sets that it names."""
    tables = {}
    for name, data in readable().items():
        if not re.search(rf"\b{re.escape(name)}\b", sql, re.IGNORECASE):
            continue
        if data.loader.live:
            abort(400, f"{name} is in a database that queries cannot reach: use its rows.")
        if data.state().rows > LARGEST:
            abort(400, f"{name} has more than {LARGEST:,} rows: use its rows and charts.")
        tables[name] = visible_rows("snapshot", rights(data.loader), data.path())
    order = json.dumps({"tables": tables, "sql": sql}, default=str)
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(SANDBOX), str(MOST_ROWS), str(MEMORY), str(SECONDS)],
            input=order,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS + 5,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired:
        abort(400, f"The query took more than {SECONDS} s.")
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it was stopped: too much time or memory"]
        abort(400, f"The query failed: {last[0][:500]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
