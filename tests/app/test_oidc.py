"""Sign-in with a provider of OpenID Connect, which runs as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.projects import add_parts, inside, run
from tests.support.waiting import wait_for
from tests.support.web import fetch, free_port

PEOPLE = (
    {"sub": "1", "email": "ann@example.com", "email_verified": True, "groups": ["bi", "staff"]},
    {"sub": "2", "email": "ann@example.com", "email_verified": False, "groups": ["bi"]},
    {"sub": "3", "email": "carl@example.com", "email_verified": True, "groups": ["guests"]},
)
FLOW = """
import re, urllib.error, urllib.parse, urllib.request
import sqlalchemy as sa
from app.blueprints.accounts.models import Event, Session, User
from app.blueprints.database import db

flask_app.test_cli_runner().invoke(args=["release"])

class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None

def go(client, next_page="/account"):
    # Go to the provider; return the address there.
    return client.get("/sign-in/provider", query_string={"next": next_page}).location

def choose(address, sub):
    # Sign in there; return the way back.
    form = urllib.parse.urlencode({"sub": sub}).encode()
    try:
        urllib.request.build_opener(NoRedirect).open(address, form)
    except urllib.error.HTTPError as error:
        return error.headers["Location"].removeprefix("http://localhost")

def sign_in(sub, next_page="/account"):
    client = flask_app.test_client()
    answer = client.get(choose(go(client, next_page), sub))
    return client, answer.status_code, answer.location

def add(email, role):
    with flask_app.app_context():
        db.session.add(User(email=email, role=role))
        db.session.commit()

def roles():
    with flask_app.app_context():
        return {user.email: user.role for user in db.session.scalars(sa.select(User))}
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    port = free_port()
    people = [flag for person in PEOPLE for flag in ("--user-claims", json.dumps(person))]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *people],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: fetch(f"{url}/.well-known/openid-configuration")[0] == 200, "the provider")
        yield url
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def stocked(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("oidc") / "shop"
    return add_parts(shared_project, root, ["add-auth", "--oidc"])


def ask(shop: Path, provider: str, code: str, **environment: str) -> list[str]:
    settings = {
        "OIDC_ISSUER": provider,
        "OIDC_CLIENT_ID": "dashboard",
        "OIDC_CLIENT_SECRET": "secret",
        "SITE_URL": "http://localhost",
        "SESSION_COOKIE_SECURE": "0",
        "AUTHLIB_INSECURE_TRANSPORT": "1",
    }
    output = inside(shop, FLOW + code, **settings | environment)
    return [line for line in output.splitlines() if line.startswith("> ")]


def test_passes_its_own_checks(shop: Path) -> None:
    run(shop, "ruff", "check", "--no-cache")
    run(shop, "ruff", "format", "--check", "--no-cache")
    run(shop, "mypy")
    files = ("tests/test_oidc.py", "tests/test_auth.py", "tests/test_sign_in.py")
    assert " passed" in run(shop, "pytest", "-q", "-p", "no:cacheprovider", *files)


def test_the_invited_sign_in_and_out_at_the_provider(shop: Path, provider: str) -> None:
    code = """
add("ann@example.com", "editor")
client = flask_app.test_client()
address = go(client)
query = dict(urllib.parse.parse_qsl(address.partition("?")[2]))
print(">", query["code_challenge_method"], len(query["nonce"]) > 15, len(query["state"]) > 15)
client, *answer = sign_in("1")
print(">", *answer, "ann@example.com, editor" in client.get("/account").text)
print(">", *sign_in("1", "//evil.example")[1:])
print(">", {name for name in ("access_token", "id_token") if name in str(client._cookies)})
answer = client.post("/sign-out")
print(">", answer.headers.get("Refresh", answer.location), client.get("/account").status_code)
print(">", sign_in("3")[1], roles())
"""
    first, *answers = ask(shop, provider, code)
    assert first == "> S256 True True"
    assert answers[:3] == ["> 302 /account True", "> 302 /", "> set()"]
    assert answers[3].endswith("401")
    assert answers[4] == "> 403 {'ann@example.com': 'editor'}"


def test_an_address_that_is_not_verified_gets_no_account(shop: Path, provider: str) -> None:
    code = """
add("ann@example.com", "admin")
print(">", sign_in("2")[1])
print(">", sign_in("1")[1], sign_in("2")[1])
"""
    assert ask(shop, provider, code) == ["> 403", "> 302 403"]


def test_groups_decide_about_roles(shop: Path, provider: str) -> None:
    code = """
print(">", sign_in("1")[1], sign_in("3")[1], roles())
client, *_ = sign_in("1")
import os
os.environ["OIDC_ROLES"] = "staff=viewer"
sign_in("1")
print(">", client.get("/account").status_code, roles())
os.environ["OIDC_ROLES"] = "nobody=viewer"
print(">", sign_in("1")[1])
"""
    assert ask(shop, provider, code, OIDC_ROLES="staff=viewer, bi=editor") == [
        "> 302 403 {'ann@example.com': 'editor'}",
        "> 401 {'ann@example.com': 'viewer'}",
        "> 403",
    ]


def test_answers_that_are_not_for_this_browser_are_refused(shop: Path, provider: str) -> None:
    code = """
add("ann@example.com", "viewer")
client, stranger = flask_app.test_client(), flask_app.test_client()
way_back = choose(go(client), "1")
print(">", stranger.get(way_back).status_code)
print(">", client.get(way_back.replace("state=", "state=x")).status_code)
print(">", client.get("/sign-in/provider/back").status_code)
print(">", client.get("/sign-in/provider/back?error=access_denied").status_code)
print(">", client.get(way_back).status_code, client.get(way_back).status_code)
"""
    assert ask(shop, provider, code) == ["> 401"] * 4 + ["> 302 401"]


def test_a_provider_that_is_away_is_an_answer(shop: Path) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    code = 'print(">", client.get("/sign-in/provider").status_code, client.get("/sign-in").status_code)'
    assert ask(shop, away, code) == ["> 503 200"]
