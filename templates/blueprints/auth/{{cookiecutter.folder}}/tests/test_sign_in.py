"""Accounts: ways in, and what is refused on the way."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask

from app import create_app
from app.blueprints.accounts import mail
from app.blueprints.accounts.emails import normal_email
from app.blueprints.accounts.models import Attempt, Session, Token, User
from app.blueprints.accounts.testing import (
    ANN,
    PASSWORD,
    Browser,
    account_of_ann,
    change,
    last_link,
)
from app.blueprints.database import db
from app.blueprints.database.models import now


@pytest.fixture(autouse=True)
def ann(app: Flask) -> Iterator[None]:
    with account_of_ann(app):
        yield


def test_a_password_signs_in_and_out(app: Flask) -> None:
    browser = Browser(app)
    assert browser.sign_in(next="/account") == (302, "/account")
    assert ANN in browser.get("/account")
    assert browser.post("/account", "/sign-out") == (302, "/sign-in")
    assert browser.get("/account") == "302"


def test_the_id_changes_at_sign_in_and_is_not_in_the_database(app: Flask) -> None:
    browser = Browser(app)
    ids = set()
    for _ in range(2):
        browser.sign_in()
        cookie = browser.client.get_cookie("sign-in")
        assert cookie
        assert cookie.http_only
        assert cookie.same_site == "Lax"
        ids.add(cookie.value)
    with app.app_context():
        stored = db.session.scalars(sa.select(Session.id)).all()
    assert len(ids) == 2
    assert len(stored) == 1  # the first one has ended
    assert not ids & {*stored}


def test_behind_tls_the_cookie_belongs_to_this_host_alone(app: Flask) -> None:
    app.config["SESSION_COOKIE_SECURE"] = True
    client = app.test_client()
    page = client.get("/sign-in", base_url="https://localhost").text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    answer = client.post(
        "/sign-in",
        data={"csrf_token": token, "email": ANN, "password": PASSWORD},
        base_url="https://localhost",
        headers={"Referer": "https://localhost/sign-in"},
    )
    cookies = answer.headers.getlist("Set-Cookie")
    (cookie,) = [text for text in cookies if text.startswith("__Host-sign-in=")]
    assert "Secure; HttpOnly; Path=/; SameSite=Lax" in cookie


@pytest.mark.parametrize(
    ("email", "password"),
    [(ANN, "wrong"), ("bob@example.com", PASSWORD), (ANN, ""), ("", ""), (ANN, "x" * 10_000)],
)
def test_a_wrong_sign_in_says_the_same_for_all(app: Flask, email: str, password: str) -> None:
    status, text = Browser(app).sign_in(email, password)
    assert status == 401
    assert "The e-mail address or the password is wrong." in text


def test_guesses_have_to_wait_and_others_have_not(app: Flask) -> None:
    owner, guesser, stranger = (
        Browser(app, "10.0.0.1"),
        Browser(app, "9.9.9.9"),
        Browser(app, "8.8.8.8"),
    )
    assert owner.sign_in()[0] == 302
    statuses = [guesser.sign_in(password=f"guess {n}")[0] for n in range(7)]
    assert statuses[:5] == [401] * 5
    assert 429 in statuses[5:]  # on a slow machine, the first wait is soon over
    assert stranger.sign_in()[0] == 302
    for n in range(30):  # from many addresses
        Browser(app, f"7.7.7.{n}").sign_in(password="guess")
    assert Browser(app, "6.6.6.6").sign_in()[0] == 429
    assert owner.sign_in()[0] == 302
    with app.app_context():
        db.session.execute(sa.update(Attempt).values(last=now() - timedelta(minutes=20)))
        db.session.commit()
    assert guesser.sign_in()[0] == 302


def test_limits_hold_for_users_that_do_not_exist(app: Flask) -> None:
    statuses = {Browser(app).sign_in("nobody@example.com")[0] for _ in range(9)}
    assert statuses == {401, 429}


@pytest.mark.parametrize(
    "next_page",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:1",
    ],
)
def test_only_pages_of_the_site_follow_a_sign_in(app: Flask, next_page: str) -> None:
    assert Browser(app).sign_in(next=next_page) == (302, "/")


def test_a_link_signs_in_once(app: Flask) -> None:
    browser = Browser(app)
    browser.post("/sign-in", "/sign-in/link", email=ANN)
    path = last_link()
    browser.get(path)  # as a program does that looks into mails
    assert browser.post(path)[0] == 302
    assert ANN in browser.get("/account")
    status, text = Browser(app).post(path)
    assert (status, "was used" in text) == (400, False)  # its page has no form any more
    assert Browser(app).get(path) == "410"


def test_a_link_is_sent_to_users_alone_and_the_page_does_not_tell(app: Flask) -> None:
    known = Browser(app).post("/sign-in", "/sign-in/link", email=ANN)
    unknown = Browser(app).post("/sign-in", "/sign-in/link", email="bob@example.com")
    assert known == unknown
    assert len(mail.unsent) == 1


def test_an_old_link_does_not_work(app: Flask) -> None:
    Browser(app).post("/sign-in", "/sign-in/link", email=ANN)
    change(app, sa.update(Token).values(expires=now() - timedelta(seconds=1)))
    assert Browser(app).get(last_link()) == "410"
    assert Browser(app).get("/links/none") == "410"


def test_a_reset_ends_all_sessions_and_links(app: Flask) -> None:
    elsewhere, browser = Browser(app), Browser(app)
    elsewhere.sign_in()
    browser.post("/sign-in", "/sign-in/link", email=ANN)
    older = last_link()
    browser.post("/sign-in", "/sign-in/link", email=ANN, purpose="reset")
    path = last_link()
    for weak in ("short", "password1234"):
        assert browser.post(path, password=weak, again=weak)[0] == 400
    assert browser.post(path, password="another harbour", again="a different harbour")[0] == 400
    assert browser.post(path, password="another harbour", again="another harbour")[0] == 302
    assert elsewhere.get("/account") == "302"
    assert browser.get(older) == "410"
    assert Browser(app).sign_in()[0] == 401
    assert Browser(app).sign_in(password="another harbour")[0] == 302


@pytest.mark.parametrize(
    ("text", "email"),
    [
        (" Ann@Example.COM", ANN),
        ("\uff41nn@example.com", ANN),  # in full width
        ("\u0430nn@example.com", ""),  # a Cyrillic a
        ("ann@example.com\n", ANN),
        ("ann@exa mple.com", ""),
        ("ann", ""),
        ("a" * 250 + "@example.com", ""),
    ],
)
def test_addresses_that_look_alike_are_one_or_refused(text: str, email: str) -> None:
    assert normal_email(text) == email


def test_hashes_are_renewed_at_sign_in(app: Flask) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1)
    change(app, sa.update(User).values(password=old.hash(PASSWORD)))
    assert Browser(app).sign_in()[0] == 302
    with app.app_context():
        user = db.session.scalars(sa.select(User)).one()
        assert "m=19456" in user.password


def test_mails_are_never_shown_in_production(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "0")
    folder = tmp_path_factory.mktemp("production")
    app = create_app(SECRET_KEY="test", INSTANCE=folder, CHECK_TOKEN="t" * 64)
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    assert "/sign-in" in rules
    assert "/dev/mail" not in rules
    monkeypatch.setenv("MAIL_URL", "smtp://localhost")
    monkeypatch.delenv("SITE_URL", raising=False)
    with pytest.raises(RuntimeError, match="SITE_URL"):
        create_app(SECRET_KEY="test", INSTANCE=folder, CHECK_TOKEN="t" * 64)
