"""Testing: a client that signs in and fills in forms, for the tests of accounts and for yours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.blueprints.accounts import mail, passwords
from app.blueprints.accounts.models import Attempt, Session, Token, User
from app.blueprints.database import db

PASSWORD = "a quiet harbour"
ANN = "ann@example.com"


class Browser:
    """A client that fills in forms, with their tokens."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.client: FlaskClient = app.test_client()
        self.address = address

    def get(self, path: str) -> str:
        answer = self.client.get(path, headers={"Accept": "text/html"})
        return str(answer.text if answer.status_code == 200 else answer.status_code)

    def post(self, page: str, action: str = "", /, **form: str) -> tuple[int, str]:
        """Send the form of a page; return the status, and where it leads or what it says."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        answer = self.client.post(
            action or page,
            data={"csrf_token": token[1] if token else "", **form},
            environ_base={"REMOTE_ADDR": self.address},
        )
        return answer.status_code, answer.location or answer.text

    def sign_in(self, email: str = ANN, password: str = PASSWORD, **form: str) -> tuple[int, str]:
        return self.post("/sign-in", email=email, password=password, **form)


def last_link() -> str:
    """Return the path of the link in the last mail."""
    text: str = mail.unsent[0].get_content()
    return text.split("http://localhost")[1].split()[0]


@contextmanager
def account_of_ann(app: Flask) -> Iterator[None]:
    """Let Ann have an account, as an editor, and nobody else."""
    app.config["SESSION_COOKIE_SECURE"] = False  # the test client uses plain http
    with app.app_context():
        db.session.add(User(email=ANN, role="editor", password=passwords.hash_password(PASSWORD)))
        db.session.commit()
    yield
    for model in (Session, Token, User, Attempt):
        change(app, sa.delete(model))
    mail.unsent.clear()


def change(app: Flask, statement: sa.Update | sa.Delete) -> None:
    """Run a statement on the database of the app."""
    with app.app_context():
        db.session.execute(statement)
        db.session.commit()
