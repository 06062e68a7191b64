"""Passkeys: signing in with them, and what is refused."""

import json
from collections.abc import Iterator
from datetime import timedelta
from secrets import token_bytes
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from webauthn.helpers import bytes_to_base64url

from app.blueprints.accounts.models import Event, Session, User
from app.blueprints.accounts.testing import ANN, PASSWORD, Browser, account_of_ann, change
from app.blueprints.database import db
from app.blueprints.database.models import now
from app.blueprints.passkeys import challenges
from app.blueprints.passkeys.models import Passkey, UsedChallenge
from app.blueprints.passkeys.testing import PRESENT, VERIFIED, Device


@pytest.fixture(autouse=True)
def ann(app: Flask) -> Iterator[None]:
    with account_of_ann(app):
        yield
    for model in (Passkey, UsedChallenge):
        change(app, sa.delete(model))


@pytest.fixture
def device(app: Flask) -> Device:
    """Return a device that has a passkey of Ann."""
    device, browser = Device(), Browser(app)
    browser.sign_in()
    assert add(browser, device)[0] == 200
    return device


def ask(browser: Browser, page: str, action: str, **form: str) -> dict[str, Any]:
    """Return the options that a page gets before it asks a device."""
    status, text = browser.post(page, action, **form)
    assert status == 200, text
    options: dict[str, Any] = json.loads(text)
    return options


def add(browser: Browser, device: Device, name: str = "My phone") -> tuple[int, str]:
    options = ask(browser, "/account", "/account/passkeys/options", old=PASSWORD)
    return browser.post("/account", "/account/passkeys", credential=device.make(options), name=name)


def challenge(browser: Browser) -> dict[str, Any]:
    return ask(browser, "/sign-in", "/sign-in/passkey/options")


def enter(browser: Browser, credential: str) -> int:
    return browser.post("/sign-in", "/sign-in/passkey", credential=credential)[0]


def audit(app: Flask) -> list[str]:
    with app.app_context():
        return [*db.session.scalars(sa.select(Event.action).order_by(Event.id))]


def test_a_passkey_signs_in(app: Flask, device: Device) -> None:
    """Nobody types an address; the id of the session is new, and `next` is a page of this site."""
    browser = Browser(app)
    credential = device.sign(challenge(browser))
    answer = browser.post("/sign-in", "/sign-in/passkey?next=/account", credential=credential)
    assert answer[0] == 200
    assert json.loads(answer[1]) == {"next": "/account"}
    assert "My phone" in browser.get("/account")
    assert audit(app)[-1] == "sign-in by passkey"
    before = browser.client.get_cookie("sign-in")
    credential = device.sign(challenge(browser))
    answer = browser.post("/sign-in", "/sign-in/passkey?next=//evil.example", credential=credential)
    assert json.loads(answer[1]) == {"next": "/"}
    assert browser.client.get_cookie("sign-in") != before


def test_the_options_ask_for_a_passkey_that_knows_its_user(app: Flask, device: Device) -> None:
    browser = Browser(app)
    browser.sign_in()
    options = ask(browser, "/account", "/account/passkeys/options", old=PASSWORD)
    assert options["rp"]["id"] == "localhost"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert [each["id"] for each in options["excludeCredentials"]] == [bytes_to_base64url(device.id)]
    assert ANN not in options["user"]["id"]
    assert challenge(Browser(app)).get("allowCredentials", []) == []


def test_an_answer_counts_once_and_in_one_browser(
    app: Flask, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, stranger = Browser(app), Browser(app)
    options = challenge(browser)
    cookie = browser.client.get_cookie("session")
    credential = device.sign(options)
    assert enter(stranger, credential) == 400
    challenge(stranger)
    assert enter(stranger, credential) == 401
    assert enter(browser, credential) == 200
    assert enter(browser, credential) == 400
    assert cookie
    copy = app.test_client()
    copy.set_cookie("session", cookie.value)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    answer = copy.post("/sign-in/passkey", data={"credential": device.sign(options)})
    assert answer.status_code == 400


def test_an_old_challenge_is_refused(
    app: Flask, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(challenges, "LIFE", timedelta(seconds=-1))
    browser = Browser(app)
    assert enter(browser, device.sign(challenge(browser))) == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("origin", "https://evil.example/\x00\ud800"),
        ("flags", PRESENT),  # the device did not verify who it was
        ("flags", VERIFIED),  # nobody was there
        ("key", ec.generate_private_key(ec.SECP256R1())),
        ("id", token_bytes(16)),
    ],
)
def test_wrong_answers_are_refused(app: Flask, device: Device, name: str, value: object) -> None:
    """All get the same answer, whatever is wrong with them; the audit has a line."""
    browser = Browser(app)
    setattr(device, name, value)
    credential = device.sign(challenge(browser))
    status, text = browser.post("/sign-in", "/sign-in/passkey", credential=credential)
    assert (status, json.loads(text)["message"][:31]) == (401, "This passkey does not sign in h")
    assert audit(app)[-1] == "passkey refused"
    assert browser.get("/account") == "302"


@pytest.mark.parametrize("text", ["", "{}", "[]", "[" * 20_000, '{"id": 1}', "\u00e9"])
@pytest.mark.parametrize("path", ["/sign-in/passkey", "/account/passkeys"])
def test_garbage_is_refused(app: Flask, path: str, text: str) -> None:
    browser = Browser(app)
    if path == "/account/passkeys":
        browser.sign_in()
        ask(browser, "/account", "/account/passkeys/options", old=PASSWORD)
        assert browser.post("/account", path, credential=text)[0] == 400
    else:
        challenge(browser)
        assert browser.post("/sign-in", path, credential=text)[0] == 401


def test_a_device_that_counts_back_was_copied(app: Flask, device: Device) -> None:
    browser = Browser(app)
    assert enter(browser, device.sign(challenge(browser))) == 200
    device.count = 0
    assert enter(browser, device.sign(challenge(browser))) == 401
    assert audit(app)[-1] == "passkey refused as a copy"


def test_a_disabled_account_is_refused(app: Flask, device: Device) -> None:
    change(app, sa.update(User).values(disabled=True))
    browser = Browser(app)
    assert enter(browser, device.sign(challenge(browser))) == 401


def test_a_passkey_is_not_of_a_later_account(app: Flask, device: Device) -> None:
    change(app, sa.update(User).values(created=now() + timedelta(seconds=5)))
    browser = Browser(app)
    assert enter(browser, device.sign(challenge(browser))) == 401


def test_guesses_have_to_wait(app: Flask) -> None:
    statuses = []
    for _ in range(8):
        browser = Browser(app)
        statuses.append(enter(browser, Device().sign(challenge(browser))))
    assert statuses[:5] == [401] * 5
    assert 429 in statuses


def test_adding_and_removing_ask_for_the_password(app: Flask, device: Device) -> None:
    browser = Browser(app)
    browser.sign_in()
    status, text = browser.post("/account", "/account/passkeys/options", old="wrong")
    assert (status, "password is wrong" in text) == (400, True)
    assert browser.post("/account", "/account/passkeys", credential="{}")[0] == 400
    with app.app_context():
        number = db.session.scalars(sa.select(Passkey.id)).one()
    browser.post("/account", "/account/passkeys/remove", id=number, old="wrong")
    assert "My phone" in browser.get("/account")
    browser.post("/account", "/account/passkeys/remove", id=number, old=PASSWORD)
    assert "My phone" not in browser.get("/account")
    assert audit(app)[-1] == "passkey removed"
    assert enter(browser, device.sign(challenge(browser))) == 401


def test_without_a_password_a_recent_sign_in_is_needed(app: Flask) -> None:
    browser = Browser(app)
    browser.sign_in()
    change(app, sa.update(User).values(password=""))
    ask(browser, "/account", "/account/passkeys/options")
    change(app, sa.update(Session).values(created=now() - timedelta(hours=1)))
    status, text = browser.post("/account", "/account/passkeys/options")
    assert (status, "Sign out, and in again" in text) == (400, True)


def test_names_are_text(app: Flask) -> None:
    browser = Browser(app)
    browser.sign_in()
    add(browser, Device(), "\x1b[31m<script>alert(1)</script>" + "x" * 100)
    page = browser.get("/account")
    assert "[31m&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_nobody_removes_those_of_others_or_adds_one_twice(app: Flask, device: Device) -> None:
    browser = Browser(app)
    browser.sign_in()
    assert add(browser, device)[0] == 400
    change(app, sa.update(Passkey).values(user_id=999))
    with app.app_context():
        number = db.session.scalars(sa.select(Passkey.id)).one()
    browser.post("/account", "/account/passkeys/remove", id=number, old=PASSWORD)
    with app.app_context():
        assert db.session.get(Passkey, number)


def test_an_admin_removes_lost_ones(app: Flask, device: Device) -> None:
    browser, runner = Browser(app), app.test_cli_runner()
    browser.sign_in()
    assert runner.invoke(args=["user", "passkeys", ANN]).output.endswith("  My phone\n")
    output = runner.invoke(args=["user", "passkeys", ANN, "--remove"]).output
    assert f"{ANN} has no passkeys" in output
    assert browser.get("/account") == "302"
    assert enter(browser, device.sign(challenge(browser))) == 401
    assert runner.invoke(args=["user", "passkeys", "bob@example.com"]).exit_code == 1


def test_the_site_is_that_of_the_browser(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = app.test_client()
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    get = "/sign-in/passkey/options"
    assert client.post(get, base_url="https://shop.example").json["rpId"] == "shop.example"  # type: ignore[index]
    monkeypatch.setenv("SITE_URL", "https://dashboard.example:8443/")
    assert client.post(get).json["rpId"] == "dashboard.example"  # type: ignore[index]
