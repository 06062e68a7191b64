"""Accounts: who may see which page, and what is refused."""

import re
from collections.abc import Callable, Iterator, Sequence

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.blueprints.accounts import mail, passwords
from app.blueprints.accounts.models import ROLES, Attempt, Event, Session, User
from app.blueprints.accounts.sessions import digest
from app.blueprints.database import db
from app.engine import get_engine
from app.engine.models import slugify

# Endpoints that everybody may open, and those for admins. All others need a sign-in.
PUBLIC = {
    "static",
    "engine.static",
    "accounts.static",
    "health.up",
    "health.ready",
    "accounts.sign_in",
    "accounts.try_password",
    "accounts.send_link",
    "accounts.open_link",
    "accounts.use_link",
    "accounts.sign_out",
    "oidc.start",  # of the part oidc
    "oidc.back",
    "passkeys.static",  # of the part passkeys
    "passkeys.start",
    "passkeys.sign_in",
    "show_mails",  # while developing and in tests
}
FOR_ADMINS = {
    "people.index",
    "people.invite",
    "people.change_role",
    "people.disable",
    "people.end_sessions",
    "see_as.start",
}
EVERYBODY = (None, *ROLES)
Enter = Callable[..., FlaskClient]


@pytest.fixture
def enter(app: Flask) -> Iterator[Enter]:
    """Return a function that makes a user with a role, and a client that is signed in as them."""
    app.config["SESSION_COOKIE_SECURE"] = False  # the test client uses plain http

    def sign_in(role: str | None, email: str = "") -> FlaskClient:
        client = app.test_client()
        if role is None:
            return client
        with app.app_context():
            user = User(email=email or f"{role}@example.com", role=role, password="-")
            known = db.session.scalar(sa.select(User).where(User.email == user.email))
            session = Session(id=digest(f"{user.email} here"), address="", agent="")
            session.user = known or user
            db.session.merge(session)
            db.session.commit()
        client.set_cookie("sign-in", f"{email or f'{role}@example.com'} here")
        return client

    yield sign_in
    with app.app_context():
        for model in (Session, User, Attempt):
            db.session.execute(sa.delete(model))
        db.session.commit()
    mail.unsent.clear()


def address(app: Flask, rule: Rule) -> str:
    """Return an address of a rule: of the first chart, or of something that does not exist."""
    with app.app_context():
        chart = next(iter(get_engine().charts), "none")
    values = {"filename": "none", "slug": chart}
    arguments = {name: values.get(name, "999999") for name in rule.arguments}
    with app.test_request_context():
        return str(
            app.url_map.bind("localhost").build(rule.endpoint, arguments, force_external=False)
        )


def is_refused(status: int, location: str | None) -> bool:
    return status in {401, 403} or "/sign-in?" in f"{location}?"


@pytest.mark.parametrize("role", EVERYBODY)
def test_each_route_is_open_to_those_who_may(
    app: Flask, enter: Enter, role: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every route is asked as every role: what is not listed above needs a sign-in."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    wrong = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(("api.", "mcp.")) and rule.endpoint != "api.docs":
            continue  # these ask for a key: see test_api.py
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = enter(role).open(address(app, rule), method=method, json={})
            refused = is_refused(answer.status_code, answer.location)
            if rule.endpoint in {"accounts.sign_out", "accounts.try_password"} or (
                rule.endpoint == "accounts.end_sessions" and role
            ):
                refused = False  # it ends at the sign-in page
            lowest = getattr(app.view_functions[rule.endpoint], "role", ROLES[0])
            assert (lowest == "admin") == (rule.endpoint in FOR_ADMINS)
            may = role is not None and ROLES.index(role) >= ROLES.index(lowest)
            is_open = rule.endpoint in PUBLIC or may
            if refused == is_open:
                wrong.append(f"{method} {rule.rule} ({rule.endpoint}): {answer.status_code}")
    assert wrong == []


@pytest.mark.parametrize("path", ["/no-such-page", "/charts/no-such-chart", "/dashboards/none"])
def test_a_stranger_does_not_learn_which_pages_exist(enter: Enter, path: str) -> None:
    """All addresses ask to sign in, also those that do not exist."""
    answer = enter(None).get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.location) == (302, f"/sign-in?next={path}")
    assert enter(None).get(path).status_code == 401
    assert enter("viewer").get(path).status_code == 404


@pytest.mark.parametrize("role", ROLES)
def test_charts_and_dashboards_with_roles_are_shown_to_these_alone(
    app: Flask, enter: Enter, role: str
) -> None:
    """ROLES and DASHBOARD_ROLES hold on the pages of charts and dashboards, in JSON and in CSV."""
    engine, client = app.extensions["engine"], enter(role)

    def may_see(roles: Sequence[str]) -> bool:
        return not roles or not {*roles}.isdisjoint(ROLES[: ROLES.index(role) + 1])

    open_titles = set()
    for chart in engine.charts.values():
        titles = {t for t in chart.dashboards if may_see(engine.dashboard_roles.get(t, ()))}
        is_open = may_see(chart.roles) and (bool(titles) or not chart.dashboards)
        open_titles |= titles if is_open else set()
        for part in ("", "/data.json", ".csv"):
            status = client.get(f"/charts/{chart.slug}{part}").status_code
            assert (status != 404) == is_open
    for title in {title for chart in engine.charts.values() for title in chart.dashboards}:
        status = client.get(f"/dashboards/{slugify(title)}").status_code
        assert (status != 404) == (title in open_titles)


def test_pages_of_the_signed_in_are_not_stored_and_have_no_name(enter: Enter) -> None:
    """A browser stores none of them, and the cache of the app may give them to others."""
    answer = enter("viewer").get("/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Sign out" in answer.text
    assert "viewer@example.com" not in answer.text


def test_tokens_against_csrf_are_needed(enter: Enter) -> None:
    """A form without its token is refused, and so is one that another site sends."""
    client = enter("admin")
    form = {"email": "ann@example.com", "role": "admin"}
    assert client.post("/people/invite", data=form).status_code == 400
    assert client.post("/people/invite", json=form).status_code == 400
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    ):
        assert client.post("/sign-out", headers=headers).status_code == 403
    assert client.get("/account").status_code == 200
    assert client.get("/sign-out").status_code == 405


def test_large_forms_of_strangers_are_not_read(enter: Enter) -> None:
    """10 MB that somebody sends who has not signed in are refused."""
    answer = enter(None).post("/sign-in", data={"email": "a" * 10_000_000})
    assert answer.status_code == 413


def test_audit_cannot_be_changed(app: Flask) -> None:
    """A line of the audit is neither changed nor deleted."""
    with app.app_context():
        event = Event(action="tried")
        db.session.add(event)
        db.session.commit()
        event.action = "changed"
        with pytest.raises(TypeError, match="append-only"):
            db.session.commit()
        db.session.rollback()
        db.session.delete(event)
        with pytest.raises(TypeError, match="append-only"):
            db.session.commit()


def test_a_download_is_in_the_audit(app: Flask, enter: Enter) -> None:
    """Whoever takes rows away as a file leaves a line."""
    for slug in [*app.extensions["engine"].charts][:1]:
        assert enter("admin").get(f"/charts/{slug}.csv").status_code == 200
        with app.app_context():
            event = db.session.scalars(sa.select(Event).order_by(Event.id.desc()).limit(1)).one()
        assert (event.action, event.by) == ("export", "admin@example.com")
        assert event.about == f"/charts/{slug}.csv"


@pytest.mark.parametrize("password", ["short", "a" * 129, "password1234", "aaaaaaaaaaaab"])
def test_weak_passwords_are_refused(password: str) -> None:
    """Short, long and common passwords are refused."""
    assert passwords.problem(password, "ann@example.com")


def test_passwords_are_compared_in_one_form() -> None:
    """A password fits, however the keyboard writes its letters; nothing fits an empty hash."""
    hashed = passwords.hash_password("caf\u00e9 by the river")
    assert re.match(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$", hashed)
    assert passwords.matches("cafe\u0301 by the river", hashed)
    assert not passwords.matches("cafe by the river", hashed)
    assert not passwords.matches("", "")
