"""Check, inside a container, that a release and each of its dashboards answer.

Run as `python -c TEXT RELEASE SECONDS [--port]`, with only the standard library. With --port, which
the container that holds the port is asked with, only the release is checked.
"""

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request

SIGN_IN = (401, 403)  # answers that ask to sign in
URL = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"


def fetch(path: str) -> tuple[int, str]:
    """Return the status and the text of a page; the status is 0 if nothing answers."""
    try:
        with urllib.request.urlopen(URL + path, timeout=30) as response:  # noqa: S310
            return response.status, response.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")
    except OSError as error:
        return 0, str(error)


def wait(path: str, prefix: str, deadline: float) -> str:
    """Wait until a page answers 200 with text that begins with `prefix`, and return the text.

    A page without a prefix may also ask to sign in: then the text is empty. Exits with 1 if it does not by the deadline.
    """
    while True:
        status, text = fetch(path)
        if status == 200 and text.startswith(prefix):
            return text
        if status in SIGN_IN and not prefix:
            return ""
        if status == 503:
            exit_if_a_loader_failed()
        if time.monotonic() > deadline:
            answer = repr(text[:100]) if status in (0, 200) else status
            sys.exit(f"{path} answers {answer} instead of {prefix.strip() or 200}")
        time.sleep(0.1)


def exit_if_a_loader_failed() -> None:
    """Exit with 1 if a loader failed and does not have data from before."""
    for name, state in json.loads(fetch("/ready")[1] or "{}").get("loaders", {}).items():
        if state["error"] and not state["built"]:
            sys.exit(f"the loader {name} failed: {state['error']}")


def main(release: str, seconds: str, *options: str) -> None:
    """Wait for the release, and for every dashboard that its first page links to."""
    deadline = time.monotonic() + float(seconds)
    wait("/up", f"up {release}\n", deadline)
    if "--port" in options:
        return
    first = wait("/", "", deadline)
    for path in sorted(set(re.findall(r'href="(/dashboards/[^"?#]+)"', first))):
        wait(path, "", deadline)


main(*sys.argv[1:])
