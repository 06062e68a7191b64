"""Sign-in by a proxy: whom its header names, and from which addresses it counts."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from app.blueprints.accounts.models import Session, User
from app.blueprints.database import db
from app.blueprints.proxy import HEADER

CAT = "cat@example.com"


@pytest.fixture(autouse=True)
def nobody(app: Flask) -> Iterator[None]:
    """Forget the users of the test before."""
    yield
    with app.app_context():
        names = User.email.in_([CAT, "cat@localhost"])
        db.session.execute(sa.delete(User).where(names))
        db.session.commit()


def ask(app: Flask, name: str, path: str = "/account", address: str = "127.0.0.1") -> int:
    """Return the status of a page that a proxy at an address asks for."""
    base = {"REMOTE_ADDR": address}
    return app.test_client().get(path, headers={HEADER: name}, environ_base=base).status_code


def role_of(app: Flask, email: str) -> str | None:
    with app.app_context():
        return db.session.scalar(sa.select(User.role).where(User.email == email))


def test_whom_the_header_names_is_signed_in(app: Flask) -> None:
    """A user is made at first sight, with the lowest role, and has one session."""
    assert [ask(app, CAT), ask(app, "Cat@Example.com"), ask(app, CAT, "/people")] == [200, 200, 403]
    assert role_of(app, CAT) == "viewer"
    with app.app_context():
        own = sa.select(sa.func.count()).select_from(Session).join(User).where(User.email == CAT)
        assert db.session.scalar(own) == 1
    assert app.test_client().get("/account").status_code == 401


@pytest.mark.parametrize("address", ["9.9.9.9", "10.0.0.7", "::2", "", "localhost.evil"])
def test_a_forged_header_from_elsewhere_does_not_count(app: Flask, address: str) -> None:
    """Only a trusted address may say who somebody is."""
    assert ask(app, CAT, address=address) == 401
    assert role_of(app, CAT) is None


def test_a_forged_address_does_not_count(app: Flask) -> None:
    """What X-Forwarded-For says is no address of a proxy."""
    client = app.test_client()
    headers = {HEADER: CAT, "X-Forwarded-For": "127.0.0.1"}
    answer = client.get("/account", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.7"})
    assert answer.status_code == 401


@pytest.mark.parametrize("name", [f"{CAT},ann@example.com", "", "<b>", "c\u0430t@example.com", "a b"])
def test_names_that_are_no_address_are_refused(app: Flask, name: str) -> None:
    """Two headers come as one, with a comma."""
    assert ask(app, name.encode().decode("latin-1")) == 403


def test_a_name_gets_a_domain(app: Flask) -> None:
    """Some proxies send a name without a domain."""
    assert ask(app, "cat") == 200
    assert role_of(app, "cat@localhost") == "viewer"


def test_users_may_have_to_exist(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """With PROXY_NEW_USERS=0, an admin invites people first."""
    monkeypatch.setitem(app.config, "PROXY_NEW_USERS", False)
    assert ask(app, CAT) == 403
    with app.app_context():
        db.session.add(User(email=CAT, role="admin"))
        db.session.commit()
    assert ask(app, CAT, "/people") == 200


def test_a_disabled_user_stays_out_at_once(app: Flask) -> None:
    """The proxy may still know somebody who has left."""
    assert ask(app, CAT) == 200
    with app.app_context():
        db.session.execute(sa.update(User).where(User.email == CAT).values(disabled=True))
        db.session.commit()
    assert [ask(app, CAT), ask(app, CAT)] == [403, 403]


def test_the_header_counts_more_than_a_cookie(app: Flask) -> None:
    """When somebody else signs in at the proxy, the user before is not signed in any more."""
    client = app.test_client()
    for name in (CAT, "cat@localhost"):
        assert name in client.get("/account", headers={HEADER: name}).text
    assert client.get("/account").status_code == 401
