"""Accounts: one's own sessions, password and address; and what admins and commands change."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.blueprints.accounts import mail
from app.blueprints.accounts.models import Session, User
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


def test_a_new_password_needs_the_old_one(app: Flask) -> None:
    elsewhere, browser = Browser(app), Browser(app)
    elsewhere.sign_in()
    browser.sign_in()
    new = {"password": "another harbour", "again": "another harbour"}
    browser.post("/account", "/account/password", old="wrong", **new)
    assert elsewhere.get("/account") != "302"
    browser.post("/account", "/account/password", old=PASSWORD, **new)
    assert elsewhere.get("/account") == "302"
    assert ANN in browser.get("/account")


def test_a_new_address_is_confirmed_by_its_mailbox(app: Flask) -> None:
    browser = Browser(app)
    browser.sign_in()
    browser.post("/account", "/account/email", old=PASSWORD, email="new@example.com")
    assert mail.unsent[0]["To"] == "new@example.com"
    assert ANN in browser.get("/account")
    assert Browser(app).post(last_link())[0] == 403  # whoever else has that mailbox
    assert browser.post(last_link())[0] == 302
    assert "new@example.com" in browser.get("/account")


def test_sessions_are_listed_and_ended(app: Flask) -> None:
    browsers = [Browser(app) for _ in range(3)]
    for browser in browsers:
        browser.sign_in()
    page = browsers[0].get("/account")
    (first, _) = re.findall(r'name="id" value="(\w+)"', page)
    browsers[0].post("/account", "/account/sessions/end", id=first)
    assert sorted(browser.get("/account") == "302" for browser in browsers) == [False, False, True]
    browsers[0].post("/account", "/account/sessions/end")
    assert {browser.get("/account") for browser in browsers} == {"302"}


@pytest.mark.parametrize(
    "statement",
    [
        sa.delete(User),
        sa.update(User).values(disabled=True),
        sa.update(Session).values(last_seen=now() - timedelta(days=15)),
        sa.update(Session).values(created=now() - timedelta(days=91)),
    ],
)
def test_a_session_ends_with_its_user_and_with_time(
    app: Flask, statement: sa.Update | sa.Delete
) -> None:
    browser = Browser(app)
    browser.sign_in()
    change(app, statement)
    assert browser.get("/account") == "302"


def test_a_lower_role_holds_at_once(app: Flask) -> None:
    change(app, sa.update(User).values(role="admin"))
    browser = Browser(app)
    browser.sign_in()
    assert "Who may sign in" in browser.get("/people")
    change(app, sa.update(User).values(role="viewer"))
    assert browser.get("/people") == "403"


def test_an_admin_invites_changes_and_disables(app: Flask) -> None:
    change(app, sa.update(User).values(role="admin"))
    admin, bob = Browser(app), Browser(app)
    admin.sign_in()
    admin.post("/people", "/people/invite", email="Bob@Example.com ", role="viewer")
    assert mail.unsent[0]["To"] == "bob@example.com"
    assert bob.sign_in("bob@example.com", "")[0] == 401
    assert bob.post(last_link(), password="bobs quiet garden", again="bobs quiet garden")[0] == 302
    admin.post("/people", "/people/invite", email="bob@example.com", role="admin")
    assert bob.get("/people") == "403"
    number = re.findall(r"/people/(\d+)/disabled", admin.get("/people"))
    ann, bobs = sorted(number, key=int)
    assert admin.post("/people", f"/people/{ann}/role", role="viewer")[0] == 400
    assert admin.post("/people", f"/people/{bobs}/role", role="king")[0] == 400
    admin.post("/people", f"/people/{bobs}/role", role="editor")
    assert bob.get("/account") == "302"
    bob.sign_in("bob@example.com", "bobs quiet garden")
    assert "editor" in bob.get("/account")
    admin.post("/people", f"/people/{bobs}/disabled")
    assert bob.get("/account") == "302"
    assert bob.sign_in("bob@example.com", "bobs quiet garden")[0] == 401
    assert "disabled" in admin.get("/people")


def test_commands_manage_users(app: Flask) -> None:
    def run(*args: str, answer: str = "") -> str:
        result = app.test_cli_runner().invoke(args=["user", *args], input=answer)
        return result.output

    password = "carls quiet garden"
    added = run("add", "carl@example.com", "--role", "admin", answer=f"{password}\n{password}\n")
    assert "may sign in, as admin" in added
    assert "Error: carl@example.com has an account" in run("add", "carl@example.com")
    assert "Error" in run("add", "no address")
    assert "carl@example.com                         admin" in run("list")
    carl = Browser(app)
    assert carl.sign_in("carl@example.com", password)[0] == 302
    assert "127.0.0.1" in run("sessions", "carl@example.com")
    assert "viewer" in run("role", "carl@example.com", "viewer")
    assert carl.get("/account") == "302"
    path = re.findall(r"/links/\S+", run("password", "carl@example.com", "--link"))[0]
    assert carl.post(path, password=PASSWORD, again=PASSWORD)[0] == 302
    assert "disabled" in run("disable", "carl@example.com")
    assert carl.get("/account") == "302"
    assert "Error" in run("role", "nobody@example.com", "viewer")


def test_an_admin_sees_as_somebody_and_changes_nothing(app: Flask) -> None:
    change(app, sa.update(User).values(role="admin", facts={"region": "North"}))
    browser = Browser(app)
    browser.sign_in()
    assert browser.post("/people", "/people/see-as", who="bob@example.com")[0] == 404
    assert browser.post("/people", "/people/see-as", who="viewer")[0] == 302
    page = browser.get("/")
    assert "You see this as <strong>viewer</strong>" in page
    assert browser.get("/people") == "403"
    assert browser.post("/account", "/account/sessions/end")[0] == 403
    assert browser.client.post("/people/see-as/end").status_code == 302
    assert "You see this as" not in browser.get("/")
    assert "see as ended" in browser.get("/people")


def test_who_sees_what_is_printed(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    assert run(args=["user", "facts", ANN, "region=North", "team=A"]).exit_code == 0
    assert f"{ANN}: region=North\n" in run(args=["user", "facts", ANN, "team="]).output
    with app.app_context():
        assert db.session.scalars(sa.select(User.facts)).one() == {"region": "North"}
    lines = run(args=["user", "who-sees"]).output.splitlines()
    assert lines[0].split() == ["dashboard", "viewer", "editor", "admin"]
    assert run(args=["user", "who-sees", "no_such_loader"]).exit_code == 1
