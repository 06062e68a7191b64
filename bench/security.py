"""Security of a project with every option, as a table: option, check, cases, findings.

    python bench/security.py [CASES]     # of SQL in filters, and as many in the API: 6000

It makes a project, serves it as in production on the loopback, and has hostile.py send requests to
the app from inside. The exit code is 1 if there is a finding.
"""

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from audits import Audits, audit_lock
from measure import table
from server import HOST, gunicorn

BENCH = Path(__file__).parent
FORM = ("add-form", "orders", "--field", "product:text:required", "--field", "price:number")
OPTIONS = {
    "database": ("add-database",),
    "auth": ("add-auth",),
    "passkeys": ("add-auth", "--passkeys"),
    "api": ("add-api",),
    "form": FORM,
    "upload": ("add-form", "--upload", "flights"),
}
# Attacked in tests/app alone; their packages are audited.
ALSO = {"oidc": ("add-auth", "--oidc"), "redis": ("add-redis",)}
XSS = "tests/app/test_scripts.py"  # in a real browser
HEADERS = {
    "Content-Security-Policy": r"(?!.*unsafe-).*default-src 'none'.*frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": ".*camera=",
    "Strict-Transport-Security": r"max-age=\d{8}",
}
PAGES = {"/sign-in": "auth", "/": "auth", "/up": "dashboard", "/static/theme.css": "dashboard"}
PAGES |= {"/api/v1/loaders": "api", "/mcp": "api", "/charts/none.csv": "dashboard"}
COOKIE = r"__Host-|session="
TRAVERSALS = (
    *("../.env", "../../.env", "%2e%2e/.env", "..%2f.env", "..%2f..%2f.env", "..\\.env"),
    *("%2e%2e%5c.env", "....//.env", "%252e%252e/.env", "/etc/passwd", "//etc/passwd"),
    *("%2fetc%2fpasswd", "..%00/.env", ".env%00.css", "..;/.env", "%c0%ae%c0%ae/.env"),
    *("../../../../../../etc/passwd", "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "%uff0e./.env"),
)
FOLDERS = (
    "/static/",
    "/static/engine/",
    "/static/accounts/",
    "/charts/",
    "/dashboards/",
    "/links/",
)
# Bandit takes all SQL that is put together for an injection: here, names are quoted and values bound,
# which hostile.py tries. B704 is the JSON of figures, whose "<" is escaped.
KNOWN = "B608,B704"
GUESSES, MOST_GUESSES = 30, 6
Result = tuple[str, str, int, list[str]]


def ask(
    port: int, path: str, method: str = "GET", body: str = "", **headers: str
) -> tuple[int, list[tuple[str, str]], str]:
    """Return the status, the headers and the body of an answer; paths are sent as they are."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=60)) as connection:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, sent)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read().decode("latin-1")


def check_headers(port: int) -> Iterator[Result]:
    """Look at the headers of an answer of each kind, as a proxy that ends TLS gets it."""
    for path, option in PAGES.items():
        status, sent, _ = ask(port, path, X_Forwarded_Proto="https", Accept="text/html")
        headers = dict(sent)
        wrong = [
            f"{path} ({status}): {name}: {headers.get(name, 'missing')}"
            for name, pattern in HEADERS.items()
            if not re.match(pattern, headers.get(name, ""))
        ]
        yield option, "headers", len(HEADERS), wrong


def check_cookies(port: int, email: str, password: str) -> Iterator[Result]:
    """Sign in, and look at the cookies."""
    token, cookies = _form(port)
    body = f"csrf_token={token}&email={email}&password={password}"
    status, sent, _ = _post(port, body, cookies)
    lines = [value for name, value in sent if name == "Set-Cookie"]
    wrong = [] if status == 302 and "__Host-" in str(lines) else [f"no sign-in: {status} {lines}"]
    for line in lines:
        needed = ("Secure", "HttpOnly", "SameSite=Lax", "Path=/")
        wrong += [f"{line}: not {part}" for part in needed if part not in line]
        wrong += [f"{line}: has a Domain"] * ("Domain=" in line)
    yield "auth", "cookies", 5 * len(lines), wrong


def _form(port: int) -> tuple[str, str]:
    """Return the token of the form to sign in, and the cookies that go with it."""
    _, sent, page = ask(port, "/sign-in")
    match = re.search(r'name="csrf_token" value="([^"]+)"', page)
    cookies = "; ".join(value.split(";")[0] for name, value in sent if name == "Set-Cookie")
    return match[1] if match else "", cookies


def _post(port: int, body: str, cookies: str) -> tuple[int, list[tuple[str, str]], str]:
    form = "application/x-www-form-urlencoded"
    return ask(port, "/sign-in", "POST", body, Content_Type=form, Cookie=cookies)


def guess(port: int, email: str) -> Iterator[Result]:
    """Guess a password from one address, faster than the limits allow."""
    token, cookies = _form(port)
    statuses = [
        _post(port, f"csrf_token={token}&email={email}&password=guess-{n}", cookies)[0]
        for n in range(GUESSES)
    ]
    wrong = statuses.count(401) > MOST_GUESSES or {*statuses} != {401, 429}
    yield "auth", "brute force", GUESSES, [f"statuses {statuses}"] * wrong


def traverse(port: int, project: Path) -> Iterator[Result]:
    """Ask for files outside of the folders that are served."""
    secrets = [(project / ".env").read_text("utf-8")[:30], "root:x:0", "[project]"]
    for folder in FOLDERS:
        wrong = []
        for path in TRAVERSALS:
            status, _, body = ask(port, folder + path)
            if status >= 500 or any(secret in body for secret in secrets):
                wrong.append(f"{folder}{path}: {status}")
        option = "auth" if folder in {"/static/accounts/", "/links/"} else "dashboard"
        yield option, "path traversal", len(TRAVERSALS), wrong


def change_host(port: int) -> Iterator[Result]:
    """Send the name of another host; no page, and no cached one, may lead there."""
    wrong, cases = [], 0
    for path in ("/", "/sign-in", "/people", "/charts/none", "/api/v1/docs", "/up"):
        for headers in (
            {"Host": "evil.example"},
            {"X_Forwarded_Host": "evil.example"},
            {"Forwarded": "host=evil.example"},
            {},
        ):
            _, sent, body = ask(port, path, Accept="text/html", **headers)
            cases += 1
            leads = [value for name, value in sent if name == "Location"]
            if "evil.example" in body or "evil.example" in str(leads):
                wrong.append(f"{path} {headers}: {leads}")
    yield "dashboard", "Host header", cases, wrong


def look_at_code(project: Path) -> Iterator[Result]:
    """Run bandit over the generated code; its findings of medium and high severity count."""
    command = [sys.executable, "-m", "uv", "tool", "run", "bandit", "--recursive", "app"]
    command += ["--format", "json", "--quiet", "--severity-level", "medium", "--skip", KNOWN]
    output = subprocess.run(command, cwd=project, capture_output=True, text=True).stdout
    if not output:
        yield "all", "bandit (could not run)", 0, []
        return
    report = json.loads(output)
    wrong = [
        f"{each['filename']}:{each['line_number']}: {each['test_id']} {each['issue_text']}"
        for each in report["results"]
    ]
    yield "all", "bandit", report["metrics"]["_totals"]["loc"], wrong


def run_scripts() -> Result:
    """Run the test that opens each page, with scripts in each text, in a browser."""
    command = [sys.executable, "-m", "pytest", "-q", "--show-capture=no", XSS]
    output = subprocess.run(command, cwd=BENCH.parent, capture_output=True, text=True).stdout
    counts = {
        word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|error)", output)
    }
    findings = re.findall(r"^(?:FAILED|ERROR) .*", output, re.MULTILINE)
    if not counts.get("passed") and not findings:
        return "all", f"XSS: {XSS} (could not run)", 0, []
    return "all", f"XSS: {XSS}", sum(counts.values()), findings


def make(root: Path, audits: Audits) -> Path:
    """Return a project with the options that are attacked; audit what each brings."""
    run(root, "new", "shop", "--no-git")
    audits.look(root / "shop", "dashboard")
    for name, command in OPTIONS.items():
        run(root / "shop", *command)
        audits.look(root / "shop", name)
    return root / "shop"


def run(folder: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "flaskdash", *arguments],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def attack_inside(project: Path, cases: int) -> list[Result]:
    """Run hostile.py with the project's own Python."""
    command = [project / ".venv/bin/python", BENCH / "hostile.py", str(cases)]
    output = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True)
    return [
        (option, check, count, findings)
        for option, check, count, findings in json.loads(output.stdout)
    ]


def attack_served(project: Path) -> Iterator[Result]:
    """Serve the project as in production, and attack it."""
    python = project / ".venv/bin/python"
    email, password = "ann@example.com", "a quiet harbour"
    subprocess.run(
        [python, "-m", "flask", "user", "add", email, "--role", "admin"],
        cwd=project,
        input=f"{password}\n{password}\n",
        check=True,
        capture_output=True,
        text=True,
    )
    with gunicorn(python, "app:create_app()", project, os.environ) as server:
        while ask(server.port, "/ready")[0] == 503:
            time.sleep(0.5)
        yield from check_headers(server.port)
        yield from check_cookies(server.port, email, password)
        yield from traverse(server.port, project)
        yield from change_host(server.port)
        yield from guess(server.port, email)


def main() -> int:
    """Print the table and the findings; return 1 if there is a finding."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 6_000
    with tempfile.TemporaryDirectory(prefix="flaskdash-security-") as folder:
        audits = Audits()
        project = make(Path(folder), audits)
        results = [*attack_served(project), *attack_inside(project, cases), *look_at_code(project)]
        for name, command in ALSO.items():
            run(project, *command)
            audits.look(project, name)
        results += [*audits.results, audit_lock(project)]
    results.append(run_scripts())
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for option, check, count, findings in results:
        before = sums.get((option, check), (0, 0))
        sums[option, check] = before[0] + count, before[1] + len(findings)
    rows = [(*key, f"{count:,}", str(findings)) for key, (count, findings) in sorted(sums.items())]
    print(table(("option", "check", "cases", "findings"), rows))
    findings = [
        f"{option}, {check}: {each}" for option, check, _, findings in results for each in findings
    ]
    print("\n".join(findings[:100]))
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
