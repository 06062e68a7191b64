"""Requests a second that a server answers, over persistent connections on the loopback."""

import http.client
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from server import HOST

CONNECTIONS = 8
CODING = {"Accept-Encoding": "br"}


def requests_per_second(port: int, path: str, seconds: float) -> float:
    """Request a path for some seconds: with wrk if it is installed, otherwise with threads."""
    if wrk := shutil.which("wrk"):
        return _wrk(wrk, port, path, seconds)
    deadline = time.monotonic() + seconds
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        counts = pool.map(lambda _: _ask_until(port, path, deadline), range(CONNECTIONS))
        return sum(counts) / seconds


def _wrk(wrk: str, port: int, path: str, seconds: float) -> float:
    command = [wrk, "--threads", "1", "--connections", str(CONNECTIONS)]
    command += ["--duration", f"{max(1, round(seconds))}s"]
    for name, value in CODING.items():
        command += ["--header", f"{name}: {value}"]
    process = subprocess.run(
        [*command, f"http://{HOST}:{port}{path}"], check=True, capture_output=True, text=True
    )
    if "Non-2xx" in process.stdout:
        raise RuntimeError(process.stdout)
    match = re.search(r"Requests/sec:\s+([\d.]+)", process.stdout)
    assert match, process.stdout
    return float(match[1])


def ask(port: int, path: str, times: int) -> None:
    """Request a path several times, over new connections, so that every worker gets requests."""
    for _ in range(times):  # the first may import large packages
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        _get(connection, path)
        connection.close()


def _ask_until(port: int, path: str, deadline: float) -> int:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    count = 0
    while time.monotonic() < deadline:
        _get(connection, path)
        count += 1
    connection.close()
    return count


def _get(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path, headers=CODING)
    answer = connection.getresponse()
    answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{path}: {answer.status}")
