"""Hostile requests to the app of a project, sent by its test client: security.py runs this.

    cd PROJECT; .venv/bin/python .../bench/hostile.py CASES

It must be a project to throw away: this adds users to its database. Prints a JSON list of
[option, check, number of cases, findings].
"""

import json
import logging
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urljoin, urlsplit

from hostile_parts import (
    guessed_passkeys,
    hostile_uploads,
    injected_rows,
    mutated_passkeys,
    token_in,
)

sys.path.insert(0, str(Path.cwd()))
from app import create_app  # type: ignore[import-not-found]

SITE = "https://shop.example"
PASSWORD = "a quiet harbour"
PUBLIC = "9.9.9.9"  # the address of a client that is no proxy
OPTIONS = {"accounts": "auth", "people": "auth", "see_as": "auth", "mcp": "api"}
OPTIONS |= {"orders": "form"}
DASHBOARD = {"pages", "downloads", "engine", "health", "static"}
REFUSED = {400, 401, 403, 404, 405}
REDIRECTS = (
    *("https://evil.example", "//evil.example", "///evil.example", "/\\evil.example"),
    *("\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)"),
    *("https:evil.example", "https:/evil.example", "//evil.example/%2f..", "/\\/evil.example"),
    *("\\/evil.example", "//user@evil.example", "http:///evil.example", "//[::ffff:1.2.3.4]"),
    *("data:text/html,x", "/\r/evil.example", "/%09/evil.example", "\t//evil.example"),
    *(
        " //evil.example",
        "/\x00/evil.example",
        "/\u2028/evil.example",
        "//shop.example@evil.example",
    ),
)
PIECES = (
    *("'", '"', "''", "\\", "`", ";", "--", "/*", "*/", "#", "%", "_", "$f0", "$region", "?", ":x"),
    *(" OR 1=1", " OR '1'='1", "') OR ('1'='1", '" OR ""="', " AND 1=0 UNION ALL SELECT "),
    *("NULL,", "* FROM users", "password FROM users", " FROM sales", "; DROP TABLE users"),
    *("; ATTACH 'x.db'", "read_text('/etc/passwd')", "; COPY sales TO '/tmp/x'", "getenv('PATH')"),
    *("North", "1", "0", "-1", "1e309", "NaN", "2026-01-01", "\x00", "\u2019", "\uff07", "\x1a"),
    *("{{7*7}}", "${7*7}", "{0.__class__}", "%s", "%n", "<script>alert(1)</script>", "a" * 300),
)
Results = dict[tuple[str, str], list[Any]]


class Attack:
    """The app, a user of it, and what was found."""

    def __init__(self, cases: int) -> None:
        self.app = create_app(SECRET_KEY="never-shown", API_LIMIT=10**9, CACHE_IN_DEBUG=True)
        self.app.test_cli_runner().invoke(args=["release"], catch_exceptions=False)
        for data in self.app.extensions["engine"].data.values():
            data.build()
        self.chance = random.Random(15)
        self.cases = cases
        self.results: Results = defaultdict(lambda: [0, []])
        self.has_accounts = "accounts" in self.app.blueprints
        self.has_api = "api" in self.app.blueprints
        self.secrets = ["never-shown", "$argon2", "root:x:0"]
        self.client = self.sign_in() if self.has_accounts else self.app.test_client()
        self.key = self.make_key() if self.has_api else ""

    def sign_in(self, email: str = "admin@shop.example", role: str = "admin") -> Any:
        """Return a client that is signed in; the session is written into the database."""
        import sqlalchemy as sa
        from app.blueprints.accounts import (  # type: ignore[import-not-found]
            passwords,
            sessions,
        )
        from app.blueprints.accounts.models import (  # type: ignore[import-not-found]
            Session,
            User,
        )
        from app.blueprints.database import db  # type: ignore[import-not-found]

        sent = token_hex()
        with self.app.app_context():
            user = db.session.scalar(sa.select(User).where(User.email == email))
            if user is None:
                user = User(email=email, role=role, password=passwords.hash_password(PASSWORD))
            digest = sessions.digest(sent)
            db.session.add(Session(id=digest, user=user, address="127.0.0.1", agent="bench"))
            db.session.commit()
            self.secrets.append(digest)
        client = self.app.test_client()
        client.set_cookie("__Host-sign-in", sent, domain=urlsplit(SITE).netloc)
        return client

    def make_key(self) -> str:
        from app.blueprints.api import keys  # type: ignore[import-not-found]
        from app.blueprints.database import db
        from app.blueprints.database.models import now  # type: ignore[import-not-found]

        with self.app.app_context():
            from datetime import timedelta

            expires = now() + timedelta(days=1)
            name = f"bench {token_hex(8)}"
            key, secret = keys.make(name=name, expires=expires, scopes="read query", role="admin")
            self.secrets.append(key.digest)
            db.session.add(key)
            db.session.commit()
        return str(secret)

    def ask(self, method: str, path: str, client: Any = None, **options: Any) -> Any:
        options.setdefault("environ_base", {"REMOTE_ADDR": "127.0.0.1"})
        if self.key and path.startswith(("/api", "/mcp")):
            options.setdefault("headers", {"Authorization": f"Bearer {self.key}"})
        return (client or self.client).open(path, method=method, base_url=SITE, **options)

    def send_form(self, path: str, client: Any, form: dict[str, str], **options: Any) -> Any:
        headers = {"Referer": SITE}  # as a browser does, over TLS
        return self.ask("POST", path, client, data=form, headers=headers, **options)

    def note(self, option: str, check: str, finding: str = "") -> None:
        """Count a case, with what is wrong with the answer; nothing if it is right."""
        result = self.results[option, check]
        result[0] += 1
        if finding:
            result[1].append(finding)

    def look(self, option: str, check: str, answer: Any, about: object) -> None:
        """Count a case, whose answer must be no error of the server, and have no secret."""
        leaks = [secret for secret in self.secrets if secret.encode() in answer.data]
        if answer.status_code >= 500 and answer.status_code != 503:
            self.note(option, check, f"{answer.status_code}: {about!r:.300}")
        else:
            self.note(option, check, f"shows {leaks}: {about!r:.300}" if leaks else "")

    def payload(self) -> str:
        return "".join(self.chance.choices(PIECES, k=self.chance.randint(1, 4)))


def option_of(endpoint: str) -> str:
    """Return the option that brings a route: by its blueprint."""
    name = endpoint.partition(".")[0]
    if name.startswith("upload_"):
        return "upload"
    return "dashboard" if name in DASHBOARD else OPTIONS.get(name, name)


def path_of(rule: Any) -> str:
    """Return a path for a rule, with a value for each of its variables."""
    variable = r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>"
    return re.sub(variable, lambda match: "2" if match[1] == "int" else "x", rule.rule)


def forged_forms(attack: Attack) -> None:
    """Send a form of another site, with the cookies of an admin, to every route that takes one."""
    for rule in attack.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}):
            for headers in (
                {"Origin": "https://evil.example"},
                {"Sec-Fetch-Site": "cross-site"},
                {"Origin": "null"},
                {},
            ):
                # Without a word from the browser, SameSite is all that these two need.
                if not headers and rule.endpoint in {"accounts.sign_out", "see_as.end"}:
                    continue
                path = path_of(rule)
                answer = attack.ask(method, path, attack.sign_in(), headers=headers, data={"a": 1})
                fault = f"{method} {path} {headers}: {answer.status_code}"
                is_refused = answer.status_code in REFUSED
                attack.note(option_of(rule.endpoint), "CSRF", "" if is_refused else fault)


def redirects(attack: Attack) -> None:
    """Sign in with addresses of other sites to go on to."""
    for goal in REDIRECTS:
        client = attack.app.test_client()
        page = attack.ask("GET", "/sign-in", client).text
        form = {"csrf_token": token_in(page), "email": "admin@shop.example", "password": PASSWORD}
        answer = attack.send_form("/sign-in", client, {**form, "next": goal})
        # Browsers ignore tabs and newlines, and take \ for /.
        location = re.sub(r"[\t\r\n]", "", answer.location or "none:").replace("\\", "/")
        is_own = answer.status_code == 302
        is_own &= urlsplit(urljoin(SITE, location)).netloc == urlsplit(SITE).netloc
        fault = f"next={goal!r}: {answer.status_code} {answer.location}"
        attack.note("auth", "open redirect", "" if is_own else fault)


def injected_filters(attack: Attack) -> None:
    """Send SQL in the filters of pages, and in the names and values of parameters."""
    engine = attack.app.extensions["engine"]
    charts = list(engine.charts.values())
    columns = sorted({column for chart in charts for column in chart.filters})
    for _ in range(attack.cases):
        chart, column = attack.chance.choice(charts), attack.chance.choice(columns)
        suffix = attack.chance.choice(("", "", ".not", ".has", ".from", ".to", ".blank", ".find"))
        value = attack.payload()
        path = attack.chance.choice(("data.json", "data.json", "figure.json", "rows", "choices"))
        query = {f"{column}{suffix}": value, f"{chart.slug}.sort": attack.payload()}
        if attack.chance.random() < 0.1:
            query = {column + attack.payload(): value}
        answer = attack.ask("GET", f"/charts/{chart.slug}/{path}", query_string=query)
        attack.look("dashboard", "SQL injection", answer, (path, query))
        if path == "data.json" and not suffix and column in query and answer.status_code == 200:
            table = answer.json
            if column in table["columns"]:
                place = table["columns"].index(column)
                passed = {str(row[place]) for row in table["rows"]} - {value}
                if passed and column in chart.filters:
                    finding = f"{query} lets {passed} through"
                    attack.results["dashboard", "SQL injection"][1].append(finding)


def injected_parameters(attack: Attack) -> None:
    """Send SQL to the API: in filters, fields, orders, cursors, names, and to assistants' tools."""
    engine = attack.app.extensions["engine"]
    loaders = [name for name in engine.loaders if name not in attack.app.blueprints]  # with rows
    listed = attack.ask("GET", f"/api/v1/loaders/{loaders[0]}").json["columns"]
    texts = [column["name"] for column in listed if column["type"] == "VARCHAR"]
    for _ in range(attack.cases):
        value, column = attack.payload(), attack.chance.choice(listed)["name"]
        kind = attack.chance.randrange(5)
        path, query = f"/api/v1/loaders/{loaders[0]}/rows", {}
        if kind == 0:
            query = {attack.chance.choice(("fields", "sort", "limit", "cursor")): value}
        elif kind == 1:
            query = {f"{column}.{attack.chance.choice(('from', 'to', 'blank', 'not'))}": value}
        elif kind == 2:
            query = {column + attack.payload(): value}
        elif kind == 3:
            query = {attack.chance.choice(texts): value}
        else:
            query = {f"{attack.chance.choice(texts)}.has": value}
        answer = attack.ask("GET", path, query_string=query)
        attack.look("api", "SQL injection", answer, query)
        if kind > 2 and answer.status_code == 200:
            ((name, _),) = query.items()
            is_text = name.endswith(".has")
            for row in answer.json["rows"]:
                cell = row[name.removesuffix(".has")] if isinstance(row, dict) else None
                passes = cell is None or value == cell
                passes |= is_text and value.strip().lower() in str(cell).lower()
                if not passes:
                    finding = f"{query} lets {cell!r} through"
                    attack.results["api", "SQL injection"][1].append(finding)
    for _ in range(attack.cases // 10):
        tool = attack.chance.choice(("chart_rows", "data_rows"))
        arguments = {"slug" if tool == "chart_rows" else "name": attack.payload()}
        if attack.chance.random() < 0.5:
            arguments = {"name": loaders[0], "query": {attack.payload(): attack.payload()}}
        call = {"name": tool, "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        answer = attack.ask("POST", "/mcp", json=message)
        attack.look("api", "SQL injection", answer, arguments)


def forms_of(page: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the forms of a page that are sent by POST: their addresses, and their fields."""
    for attributes, body in re.findall(r"<form([^>]*)>(.*?)</form>", page, re.DOTALL):
        if "post" in attributes.lower():
            action = re.search(r'action="([^"]*)"', attributes)
            names = re.findall(r'<(?:input|select|textarea)[^>]*?name="([^"]+)"', body)
            yield unescape(action[1]) if action else "", names


def injected_fields(attack: Attack) -> None:
    """Send SQL in each field of each form that an admin has, and in variables of paths."""
    rules = [rule for rule in attack.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    pages = [rule for rule in rules if not rule.arguments and not rule.rule.startswith("/api")]
    forms = []
    attack.sign_in("viewer@shop.example", "viewer")
    for rule in pages:
        page = attack.ask("GET", rule.rule)
        for action, names in forms_of(page.text if "html" in page.mimetype else ""):
            if not action.startswith(("/sign-out", "/account/sessions")):
                forms.append((option_of(rule.endpoint), rule.rule, action or rule.rule, names))
    for number in range(attack.cases // 10 if forms else 0):
        option, page_path, action, names = forms[number % len(forms)]
        client = attack.sign_in()
        form = dict.fromkeys(names, "") | {"role": "viewer"}
        hostile = attack.chance.choice([name for name in names if name != "csrf_token"] or ["x"])
        form[hostile] = attack.payload()
        form["csrf_token"] = token_in(attack.ask("GET", page_path, client).text)
        base = {"REMOTE_ADDR": f"198.51.{number // 250}.{number % 250}"}  # no limit of one address
        answer = attack.send_form(action, client, form, environ_base=base)
        if answer.status_code == 400 and b"CSRF" in answer.data:
            raise RuntimeError(f"{action}: the form was refused")
        attack.look(option, "SQL injection", answer, (action, hostile, form[hostile]))
    with_variables = [rule for rule in rules if rule.arguments]
    for _ in range(attack.cases // 10):
        rule, value = attack.chance.choice(with_variables), attack.payload()
        from urllib.parse import quote

        path = re.sub(r"<[^>]+>", lambda _, value=value: quote(value, safe=""), rule.rule)
        answer = attack.ask("GET", path)
        attack.look(option_of(rule.endpoint), "SQL injection", answer, path)


def huge_numbers(attack: Attack) -> None:
    """Ask for rows and users by numbers that no database can hold."""
    for rule in attack.app.url_map.iter_rules():
        path = re.sub(r"<int[^>]*>", "9" * 30, rule.rule)
        if path == rule.rule:
            continue
        path = re.sub(r"<[^>]+>", "x", path)
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            client = attack.sign_in() if attack.has_accounts else attack.client
            form = {"csrf_token": token_in(attack.ask("GET", "/account", client).text)}
            headers = {"Referer": SITE}
            answer = attack.ask(
                method, path, client, headers=headers, data=form | {"role": "viewer"}
            )
            attack.look(option_of(rule.endpoint), "huge numbers", answer, path)


def forwarded(attack: Attack) -> None:
    """Send headers of a proxy from an address that is none."""
    base = {"REMOTE_ADDR": PUBLIC}
    check = "X-Forwarded-*"
    answer = attack.ask("GET", "/up", headers={"X-Forwarded-Proto": "https"}, environ_base=base)
    over_tls = attack.app.test_client().get(
        "/up", base_url="http://shop.example", headers={"X-Forwarded-Proto": "https"}
    )
    plain = attack.app.test_client().get(
        "/up",
        base_url="http://shop.example",
        headers={"X-Forwarded-Proto": "https"},
        environ_base=base,
    )
    name = "Strict-Transport-Security"
    attack.note("dashboard", check, "" if name in over_tls.headers else f"no {name} behind TLS")
    attack.note("dashboard", check, f"{name} by a stranger" if name in plain.headers else "")
    answer = attack.ask("GET", "/ready", headers={"X-Forwarded-For": "127.0.0.1"})
    attack.look("dashboard", check, answer, "/ready")
    if not attack.has_accounts:
        return
    from app.blueprints.accounts.limits import (  # type: ignore[import-not-found]
        client_address,
    )

    headers = {"X-Forwarded-For": "127.0.0.1, 10.0.0.1"}
    with attack.app.test_request_context("/", headers=headers, environ_base=base):
        attack.note("auth", check, "" if client_address() == PUBLIC else "X-Forwarded-For counts")
    forged = {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"}
    answer = attack.ask("POST", "/sign-out", attack.sign_in(), headers=forged, environ_base=base)
    attack.note("auth", check, "" if answer.status_code == 403 else "X-Forwarded-Host counts")
    for header in ("X-Forwarded-User", "X-Forwarded-Email", "Remote-User", "X-Check-Token"):
        client = attack.app.test_client()
        headers = {header: "admin@shop.example"}
        answer = attack.ask("GET", "/people", client, headers=headers, environ_base=base)
        attack.note("auth", check, "" if answer.status_code == 401 else f"{header} signs in")


def attack_parts(attack: Attack) -> None:
    """Attack the forms, the uploads and the passkeys that this project has."""
    for rule in attack.app.url_map.iter_rules():
        name, _, view = rule.endpoint.partition(".")
        if view == "create":
            forms = [names for _, names in forms_of(attack.ask("GET", rule.rule).text)]
            fields = max(forms, key=len)  # the page has a button to sign out, too
            form = dict.fromkeys((name for name in fields if name != "csrf_token"), "")
            injected_rows(attack, rule.rule.removesuffix("new"), form)
        if name.startswith("upload_") and view == "page" and "GET" in (rule.methods or ()):
            source = next(Path("data").glob(f"{name.removeprefix('upload_')}.*"))
            head = source.read_text("utf-8").splitlines()[0].split(",")
            hostile_uploads(attack, SITE, rule.rule, head)
    if "passkeys" in attack.app.blueprints:
        mutated_passkeys(attack, SITE, PASSWORD)
        guessed_passkeys(attack, SITE, PASSWORD)


def main() -> None:
    """Run each attack that the options of this project allow."""
    logging.disable(logging.CRITICAL)
    attack = Attack(int(sys.argv[1]))
    attacks: list[Callable[[Attack], None]] = [injected_filters, injected_fields, forwarded]
    attacks.append(huge_numbers)
    if attack.has_accounts:
        attacks += [redirects, forged_forms]
    if attack.has_api:
        attacks.append(injected_parameters)
    for each in attacks:
        each(attack)
    attack_parts(attack)
    print(json.dumps([[*key, *result] for key, result in sorted(attack.results.items())]))


if __name__ == "__main__":
    main()
