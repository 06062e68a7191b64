"""Ask, inside a container, whether a release answers there, and each of its dashboards.

Run as `python -c TEXT RELEASE SECONDS`, with nothing but the standard library.
"""

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request

HERE = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"


def ask(path: str) -> tuple[int, str]:
    """Return the status and the text of a page; status 0 where nothing answers."""
    try:
        with urllib.request.urlopen(HERE + path, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")
    except OSError as error:
        return 0, str(error)


def wait(path: str, wanted: str, until: float) -> str:
    """Return a page's text when it answers 200 and begins as wanted; exit with 1 if it never does."""
    while True:
        status, text = ask(path)
        if status == 200 and text.startswith(wanted):
            return text
        if status == 503:
            stop_if_a_loader_failed()
        if time.monotonic() > until:
            said = repr(text[:100]) if status in (0, 200) else status
            sys.exit(f"{path} answers {said}, and not {wanted.strip() or 200}")
        time.sleep(0.1)


def stop_if_a_loader_failed() -> None:
    """Exit with 1 if a data set can't be read; one that is still being read is waited for."""
    for name, state in json.loads(ask("/ready")[1] or "{}").get("loaders", {}).items():
        if state["error"] and not state["built"]:
            sys.exit(f"the loader {name} failed: {state['error']}")


def main(release: str, seconds: str) -> None:
    """Ask for the release, then for every dashboard that its first page links to."""
    until = time.monotonic() + float(seconds)
    wait("/up", f"up {release}\n", until)
    first = wait("/", "", until)
    for path in sorted(set(re.findall(r'href="(/dashboards/[^"?#]+)"', first))):
        wait(path, "", until)


main(*sys.argv[1:])
