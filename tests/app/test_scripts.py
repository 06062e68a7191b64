"""Scripts in texts: no page runs what somebody wrote into data, a form, a file's name or an account.

All pages are opened twice in a real browser: with the Content-Security-Policy, whose violations count,
and without it, so that a script in a page would really run. Each text must be displayed as it is.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page

from flaskdash.cli import cli
from tests.support.projects import inside, own_environment
from tests.support.web import serving, wait_for_data

TEXTS = (
    "<script>ran()</script>",
    "<img src=x onerror=ran()>",
    "<svg onload=ran()>",
    '"><img src=x onerror=ran()>',
    "'><svg onload='ran()'>",
    '" autofocus onfocus="ran()" x="',
    "' onmouseover='ran()' x='",
    "</script><script>ran()</script>",
    "</textarea></title></style><img src=x onerror=ran()>",
    '<a href="javascript:ran()">link</a>',
    "[link](javascript:ran())",
    "javascript:ran()",
    "{{ 7*7 }} {% raw %} ${ran()}",
    "&lt;img src=x onerror=ran()&gt;",
    "\uff1cscript\uff1eran()\uff1c/script\uff1e",  # full-width: some normalise it
    "%{y}<extra><img src=x onerror=ran()></extra>",
)
SCRIPT, IMAGE, ATTRIBUTE, ENDING = TEXTS[0], TEXTS[1], TEXTS[3], TEXTS[7]
ALL = " ".join(TEXTS)
TITLE = f"{ENDING} {IMAGE}"
PLACE, AMOUNT = f"place {IMAGE}", f"amount {ATTRIBUTE}"  # columns
CHOICE = "<img src=x onerror=ran`1`>"
NAME = '"><img src=x onerror=ran()>.txt'  # of files
EMAIL = '"><img/src=x/onerror=ran()>@example.com'
FORM = (
    *("customer:text:required", "remark:longtext", "quantity:integer", "weight:number"),
    *("amount:money", "date:date", "seen:datetime", f"kind:choice(A|{CHOICE})", "paid:flag"),
    *("contact:email", "receipt:file"),
)
COMMANDS = (
    ("add-chart", "cells", "--kind", "table", "--title", TITLE),
    ("add-chart", "places", "--kind", "bar", "--x", PLACE, "--y", AMOUNT, "--filter", PLACE),
    ("add-chart", "lines", "--kind", "line", "--x", "day", "--y", AMOUNT, "--color", PLACE),
    ("add-chart", "words", "--kind", "text", "--y", AMOUNT),
    ("add-form", "orders", *(part for field in FORM for part in ("--field", field))),
    ("add-form", "--upload", "hostile"),
    ("add-auth", "--passkeys"),
    ("add-api",),
)
PEOPLE = f"""
from app.blueprints.accounts import sessions
from app.blueprints.accounts.models import Event, Session, User
from app.blueprints.database import db
from app.blueprints.passkeys.models import Passkey

texts = {TEXTS!r}
flask_app.test_cli_runner().invoke(args=["release"], catch_exceptions=False)
with flask_app.app_context():
    admin = User(email={EMAIL!r}, role="admin", facts={{text: text for text in texts}})
    viewer = User(email="viewer" + {EMAIL!r}, facts={{}})
    db.session.add(Session(id=sessions.digest("sent"), user=admin, address="", agent={IMAGE!r}))
    for text in texts:
        session = Session(id=sessions.digest(text), user=admin, address=text[:45], agent=text)
        event = Event(action=text[:40], by=text, about=text, address=text[:45])
        db.session.add_all([session, event])
    db.session.add(viewer)
    db.session.flush()
    keys = {{"credential": b"", "public_key": b"", "sign_count": 0, "user_id": admin.id}}
    db.session.add_all(Passkey(id=sessions.digest(text), name=text, **keys) for text in texts)
    db.session.commit()
"""
# Elements and attributes that no page of the app has.
FOREIGN = """() => [...document.querySelectorAll("*")].filter((element) =>
  ["IMG", "IFRAME", "OBJECT", "EMBED", "BASE"].includes(element.tagName.toUpperCase()) ||
  (element.tagName === "SCRIPT" && !element.src && element.type !== "application/json") ||
  [...element.attributes].some(({ name, value }) => name.startsWith("on") ||
    (/^(.*:)?(href|src|action|formaction)$/.test(name) && /^[^a-z]*javascript:/i.test(value)))
).map((element) => element.outerHTML.slice(0, 200))"""
DISPLAYED = """() => [document.title, document.body.textContent,
  ...[...document.querySelectorAll("input, textarea, option")].map((element) => element.value)
].join(" ").replace(/\\s+/g, " ")"""
HOVER = """() => document.querySelectorAll(".js-plotly-plot").forEach((chart) =>
  chart.data.forEach((trace, curveNumber) =>
    Plotly.Fx.hover(chart, [{ curveNumber, pointNumber: 0 }])))"""
FILL = """(text) => {
  const form = document.querySelector("form:has([type=email], [name=customer])");
  form.noValidate = true;
  for (const field of form.elements) {
    if (!field.name || field.name === "csrf_token" || field.type === "file") continue;
    if (field.tagName === "SELECT") field.options[0].value = text;
    else if (field.name !== "version" && field.type !== "hidden") {
      if (field.tagName === "INPUT") field.type = "text";
      field.value = text;
      field.removeAttribute("maxlength");
    }
  }
  form.querySelector("button").click();
}"""


def hostile_csv(*more: str, rows: int = 12) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["day", PLACE, AMOUNT, *more])
    for row in range(rows):
        for n, text in enumerate(TEXTS):
            writer.writerow([f"2026-{row + 1:02}-01", text, n + row % 5, *(text for _ in more)])
    return out.getvalue()


@pytest.fixture(scope="module")
def shop(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "hostile.csv").write_text(hostile_csv(), "utf-8")
    root = folder / "shop"
    with chdir(folder):
        flaskdash("new", "shop", "--data", "hostile.csv", "--title", TITLE, "--no-install")
    own_environment(root, shared_project)
    with chdir(root):
        flaskdash("refresh")  # else each add-chart runs the loader
        for command in COMMANDS:
            flaskdash(*command)
    words = root / "app/charts/words.py"
    text = re.sub("TEXT = .*", lambda _: f"TEXT = {ALL + ' {value}'!r}", words.read_text("utf-8"))
    words.write_text(text, "utf-8")
    inside(root, PEOPLE)
    return root


def flaskdash(*command: str) -> None:
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def site(shop: Path) -> Iterator[str]:
    with serving(shop, SECRET_KEY="test", SESSION_COOKIE_SECURE="0") as url:
        wait_for_data(url)
        yield url


class Visitor:
    """A browser that records scripts that ran, dialogs, and violations of the policy."""

    def __init__(self, browser: Browser, site: str, has_policy: bool) -> None:
        self.site, self.events = site, list[str]()
        self.context = browser.new_context(bypass_csp=not has_policy)
        self.context.expose_function("ran", lambda *_: self.events.append(f"ran: {self.page.url}"))
        self.page = self.context.new_page()
        self.page.on("dialog", lambda dialog: self.events.append(f"dialog: {dialog.message}"))
        self.page.on("console", lambda message: self.note(message.text))

    def note(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.events.append(text)

    def sign_in(self) -> None:
        self.context.add_cookies([{"name": "sign-in", "value": "sent", "url": self.site}])

    def open(self, path: str, *texts: str) -> Page:
        self.page.goto(self.site + path)
        self.check(*texts)
        return self.page

    def check(self, *texts: str) -> None:
        """Check that the page displays these texts, and that none of them became an element."""
        assert self.page.evaluate(FOREIGN) == []
        displayed = self.page.evaluate(DISPLAYED)
        assert [text for text in texts if " ".join(text.split()) not in displayed] == []
        assert self.events == []

    def post(self, path: str, **fields: object) -> None:
        page = self.page.request.get(self.site + path).text()
        token = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', page)[0]
        answer = self.page.request.post(self.site + path, multipart={"csrf_token": token, **fields})  # type: ignore[dict-item]
        assert answer.ok, answer.text()


@pytest.fixture(params=[True, False], ids=["policy", "no policy"])
def visitor(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Visitor]:
    visitor = Visitor(browser, site, request.param)
    visitor.sign_in()
    yield visitor
    visitor.context.close()


def test_these_texts_are_scripts(browser: Browser, site: str) -> None:
    """A page that did not escape them would be caught."""
    visitor = Visitor(browser, site, has_policy=False)
    visitor.page.set_content(" ".join(TEXTS[:5]))
    visitor.page.wait_for_timeout(300)
    assert len(visitor.events) >= 4
    assert len(visitor.page.evaluate(FOREIGN)) >= 5
    visitor.context.close()


def test_dashboards_and_charts(visitor: Visitor) -> None:
    page = visitor.open("/", TITLE, PLACE)
    page.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached")
    for details in page.locator("details").all():
        details.evaluate("(element) => { element.open = true; }")
    visitor.check(*TEXTS)  # the choices of a filter
    visitor.open("/charts/words", "&lt;img src=x")
    visitor.open("/charts/cells", TITLE, PLACE.capitalize(), AMOUNT.capitalize(), *TEXTS)
    for chart in ("places", "lines"):
        page = visitor.open(f"/charts/{chart}", PLACE, SCRIPT)
        page.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached")
        page.evaluate(HOVER)
        visitor.check()
    for text in TEXTS:  # its chip
        visitor.open(f"/charts/places?{urlencode({PLACE: text})}", text)
    for suffix in (".not", ".has"):
        visitor.open(f"/charts/places?{urlencode({PLACE + suffix: ATTRIBUTE})}")
    for path in ("/charts/", "/dashboards/", "/"):
        visitor.open(path + quote(ATTRIBUTE, safe=""), "Not Found")


def test_forms(visitor: Visitor) -> None:
    for text in TEXTS:
        file = {"name": NAME, "mimeType": "text/plain", "buffer": b"x"}
        visitor.post("/orders/new", customer=text, remark=ALL, kind=CHOICE, receipt=file)
    visitor.open("/orders/", CHOICE, NAME, *TEXTS)
    visitor.open(f"/orders/?{urlencode({'find': ATTRIBUTE, 'sort': ATTRIBUTE})}")
    for path in ("/orders/1", "/orders/1/delete"):
        visitor.open(path, SCRIPT, NAME)
    page = visitor.open("/orders/1", ALL, CHOICE)
    page.evaluate("() => { document.querySelector('[name=version]').value = 999; }")
    page.get_by_label("Customer").fill(IMAGE)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Somebody else changed this row").wait_for()
    visitor.check(SCRIPT, IMAGE)
    visitor.open("/orders/new").evaluate(FILL, ATTRIBUTE)
    page.locator("[aria-invalid], .error").first.wait_for()
    visitor.check(ATTRIBUTE)
    visitor.open("/dashboards/orders")


def test_an_upload(visitor: Visitor) -> None:
    page = visitor.open("/upload-hostile/")
    content = hostile_csv(f"new {SCRIPT}", rows=1).encode()
    file = {"name": NAME.replace("txt", "csv"), "mimeType": "text/csv", "buffer": content}
    page.get_by_label("File like").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Discard").wait_for()
    visitor.check(f"new {SCRIPT}", PLACE, AMOUNT, *TEXTS[:10])
    page.get_by_role("button", name="Discard").click()
    page.get_by_label("File like").set_input_files({**file, "buffer": b"\0" + ALL.encode()})  # type: ignore[arg-type]
    page.get_by_role("button", name="Preview").click()
    page.locator(".error").first.wait_for()
    visitor.check()


def test_accounts_and_the_api(visitor: Visitor) -> None:
    page = visitor.open("/people", EMAIL, f"viewer{EMAIL}", *TEXTS)
    visitor.open("/account", EMAIL, *TEXTS)
    passkeys = page.locator("form", has_text="Your passkeys")
    assert {*passkeys.locator("td:first-child").all_text_contents()} == {*TEXTS}
    visitor.open("/api/v1/docs", PLACE)
    visitor.open("/people")
    page.locator("button[name=who][value^='viewer\"']").click()
    visitor.open("/", f"You see this as viewer{EMAIL}")
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("see as ended").first.wait_for()
    visitor.check(EMAIL)
    visitor.context.clear_cookies()
    page = visitor.open(f"/sign-in?{urlencode({'next': ATTRIBUTE})}")
    with page.expect_navigation():
        page.evaluate(FILL, ATTRIBUTE)
    visitor.check()
