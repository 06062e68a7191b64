"""Passkeys in a real browser, whose device is a virtual authenticator of Chromium."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from flaskdash.project import Project
from tests.support.accounts import PASSWORD, choose_password, link
from tests.support.fixtures import Cli
from tests.support.projects import add_parts, check_own_code, run, snapshot

ANN = "ann@example.com"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,  # it answers at once
}
# Else the device would also answer at once if the page offers passkeys in the autofill.
NO_AUTOFILL = """
if (location.hash !== "#autofill" && window.PublicKeyCredential)
  delete PublicKeyCredential.isConditionalMediationAvailable;
"""
# What passkeys.js does, up to the answer of the device, which is returned.
SIGN = """async () => {
  const form = document.querySelector("form[data-passkey]");
  const options = await fetch(form.dataset.options, { method: "POST", body: new FormData(form) });
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await options.json());
  return JSON.stringify(await navigator.credentials.get({ publicKey }));
}"""
SEND = """async (credential) => {
  const form = document.querySelector("form[data-passkey]");
  const body = new FormData(form);
  body.set("credential", credential);
  const response = await fetch(form.action, { method: "POST", body });
  return `${response.status} ${(await response.json()).message ?? ""}`;
}"""


class Device:
    """A page, and the virtual device that its browser has."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.protocol: CDPSession = page.context.new_cdp_session(page)
        self.protocol.send("WebAuthn.enable")
        added = self.protocol.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        self.id = added["authenticatorId"]

    def answer(self, enabled: bool) -> None:
        """Let the device answer new requests at once, or never."""
        command = "WebAuthn.setAutomaticPresenceSimulation"
        self.protocol.send(command, {"authenticatorId": self.id, "enabled": enabled})

    def credentials(self) -> list[dict[str, Any]]:
        answer = self.protocol.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        credentials: list[dict[str, Any]] = answer["credentials"]
        return credentials


@pytest.fixture(scope="module")
def stocked(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("passkeys") / "shop"
    return add_parts(shared_project, root, ["add-auth", "--passkeys"])


@pytest.fixture
def device(browser: Browser) -> Iterator[Device]:
    context = browser.new_context()
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.add_init_script(NO_AUTOFILL)
    page = context.new_page()
    page.on("console", lambda m: complaints.append(m.text) if "Content Sec" in m.text else None)
    yield Device(page)
    context.close()
    assert complaints == []


def user(shop: Path, *args: str) -> str:
    return run(shop, "python", "-m", "flask", "user", *args)


def local(site: str) -> str:
    """Return the address of a site by name: passkeys do not work at an IP address."""
    return site.replace("127.0.0.1", "localhost")


def add_passkey(shop: Path, site: str, device: Device) -> None:
    """Let a new user choose a password, add a passkey, and sign out."""
    page = device.page
    choose_password(page, site + link(user(shop, "add", ANN, "--role", "admin", "--link")))
    page.goto(f"{site}/account")
    page.get_by_label("Its name").fill("My phone")
    page.locator("form[data-passkey]").get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("The passkey was added").wait_for()
    page.get_by_role("button", name="Sign out", exact=True).last.click()
    page.wait_for_url(f"{site}/sign-in")


def press_button(device: Device) -> None:
    device.page.get_by_role("button", name="Sign in with a passkey").click()


def actions(shop: Path) -> list[str]:
    with closing(sqlite3.connect(shop / "instance/app.sqlite")) as connection:
        return [action for (action,) in connection.execute("SELECT action FROM audit ORDER BY id")]


def test_passes_its_own_checks(shop: Path) -> None:
    check_own_code(shop)


def test_its_code_stays_small(stocked: Path) -> None:
    folder = stocked / "app/blueprints/passkeys"
    lengths = {
        path.name: len(path.read_text("utf-8").splitlines())
        for path in [*folder.rglob("*.*"), stocked / "tests/test_passkeys.py"]
        if path.suffix in {".py", ".js"}
    }
    assert max(lengths.values()) <= 250
    assert lengths.pop("passkeys.js") <= 90
    assert sum(lengths.values()) - lengths["test_passkeys.py"] - lengths["testing.py"] <= 400


def test_a_passkey_is_added_signs_in_and_is_removed(shop: Path, site: str, device: Device) -> None:
    site, page = local(site), device.page
    add_passkey(shop, site, device)
    page.goto(f"{site}/sign-in?next=/account")
    press_button(device)
    page.wait_for_url(f"{site}/account")
    row = page.get_by_role("row", name="My phone")
    assert "never" not in row.inner_text()

    removal = page.locator("form", has=page.get_by_role("heading", name="Your passkeys"))
    removal.get_by_label("Password").fill(PASSWORD)
    row.get_by_role("button", name="Remove").click()
    page.get_by_text("The passkey was removed").wait_for()
    assert row.count() == 0
    page.get_by_role("button", name="Sign out", exact=True).last.click()
    page.wait_for_url(f"{site}/sign-in")
    press_button(device)
    page.get_by_text("This passkey does not sign in here").wait_for()
    assert actions(shop) == [
        *("added as admin", "joined", "passkey added", "sign-out", "sign-in by passkey"),
        *("passkey removed", "sign-out", "passkey refused"),
    ]


def test_the_autofill_of_the_address_signs_in(shop: Path, site: str, device: Device) -> None:
    site, page = local(site), device.page
    add_passkey(shop, site, device)
    # The device answers as if somebody chose the passkey from the list under the field.
    page.goto(f"{site}/sign-in?next=/account#autofill")
    page.wait_for_url(f"{site}/account")
    assert "sign-in by passkey" in actions(shop)


def test_the_button_ends_what_is_pending(shop: Path, site: str, device: Device) -> None:
    site, page = local(site), device.page
    add_passkey(shop, site, device)
    device.answer(False)
    with page.expect_response("**/sign-in/passkey/options"):
        page.goto(f"{site}/sign-in?next=/account#autofill")
    press_button(device)  # after the offer in the autofill
    page.wait_for_timeout(300)
    device.answer(True)
    press_button(device)  # after the first press
    page.wait_for_url(f"{site}/account")


def test_an_answer_that_is_sent_again_is_refused(shop: Path, site: str, device: Device) -> None:
    site, page = local(site), device.page
    add_passkey(shop, site, device)
    page.route("**/passkeys.js", lambda route: route.abort())  # it would ask the device, too
    page.goto(f"{site}/sign-in")
    credential = page.evaluate(SIGN)
    cookies = page.context.cookies()
    assert page.evaluate(SEND, credential) == "200 "

    page.context.clear_cookies()
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    assert "400 That took too long" in page.evaluate(SEND, credential)
    page.goto(f"{site}/sign-in")
    page.evaluate(SIGN)  # for a new challenge
    assert "401 This passkey" in page.evaluate(SEND, credential)
    assert actions(shop)[-2:] == ["sign-in by passkey", "passkey refused"]


def test_it_is_removed_without_a_trace(
    shared_project: Path, tmp_path: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = add_parts(shared_project, tmp_path / "shop", ["add-auth"])
    monkeypatch.chdir(root)
    before, packages = files(root), Project.find(root).dependencies()
    flaskdash("add-auth", "--passkeys")
    user(root, "list")  # which creates the tables
    assert "Remove passkeys first" in flaskdash("remove", "auth", code=1).output
    flaskdash("remove", "passkeys")
    assert files(root) == before
    assert Project.find(root).dependencies() == packages
    user(root, "list")  # which forgets the migration
    flaskdash("add-auth", "--passkeys")
    user(root, "list")


def files(root: Path) -> dict[str, bytes]:
    """Return the files of a project, without its environment and what it wrote while it ran."""
    written = {".venv", "instance", "__pycache__", "uv.lock"}
    return {
        name: content
        for name, content in snapshot(root).items()
        if written.isdisjoint(Path(name).parts)
    }
