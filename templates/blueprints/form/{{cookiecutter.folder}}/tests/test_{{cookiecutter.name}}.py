"""{{ cookiecutter.label }}: rows are entered, checked, charted, changed and deleted."""

import re
{%- if cookiecutter.filenames %}
from io import BytesIO
{%- endif %}
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from werkzeug.test import TestResponse

from app.blueprints.database import db
from app.blueprints.{{ cookiecutter.name }}.models import {{ cookiecutter.model }}
from app.engine import get_engine

ROW = {
    {%- for field in cookiecutter.fields if not field.is_file %}
    "{{ field.name }}": {{ field.typed }},
    {%- endfor %}
}
FIRST = ROW["{{ cookiecutter.sort }}"]
REQUIRED: list[str] = [{% for field in cookiecutter.fields if field.required and not field.is_file %}"{{ field.name }}"{{ ", " if not loop.last }}{% endfor %}]
WRONG: dict[str, str] = { {%- for name, value in cookiecutter.wrong.items() %}
    "{{ name }}": {{ value }},
    {%- endfor %}
}


@pytest.fixture(autouse=True)
def empty_table(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        db.session.execute(sa.delete({{ cookiecutter.model }}))
        db.session.commit()
        get_engine().data["{{ cookiecutter.name }}"].build(force=True)


def send(client: FlaskClient, path: str, **changes: Any) -> TestResponse:
    """Open a page, and send its form with the values of ROW and some others."""
    page = client.get(path).text
    hidden = dict(re.findall(r'name="(csrf_token|version)"[^>]* value="([^"]+)"', page))
    return client.post(path, data={**ROW, {% if cookiecutter.filenames %}**files(), {% endif %}**hidden, **changes})

{% if cookiecutter.filenames %}
def files() -> dict[str, Any]:
    return {name: (BytesIO(b"%PDF-1.7 an invoice"), "<b>invoice.html") for name in [{% for name in cookiecutter.filenames %}"{{ name }}"{{ ", " if not loop.last }}{% endfor %}]}

{% endif %}
def first(app: Flask) -> {{ cookiecutter.model }}:
    with app.app_context():
        return db.session.scalars(sa.select({{ cookiecutter.model }})).one()


def test_row_is_listed_and_charted(client: FlaskClient) -> None:
    answer = send(client, "/{{ cookiecutter.name }}/new")
    assert answer.status_code == 303, answer.text
    page = client.get("/{{ cookiecutter.name }}/")
    assert "Saved." in page.text
    assert page.headers["Cache-Control"] == "no-store"
    for text in ROW.values():
        assert not re.search("<[a-z]", text) or text not in page.text
    assert str(escape(FIRST))[:20] in page.text
    with client.application.app_context():
        assert get_engine().data["{{ cookiecutter.name }}"].state().rows == 1


def test_table_may_be_empty(client: FlaskClient) -> None:
    assert "No rows yet." in client.get("/{{ cookiecutter.name }}/").text
    with client.application.app_context():
        state = get_engine().data["{{ cookiecutter.name }}"].state()
        assert (state.rows, state.error) == (0, "")


@pytest.mark.parametrize("name", REQUIRED)
def test_required_field(client: FlaskClient, name: str) -> None:
    answer = send(client, "/{{ cookiecutter.name }}/new", **{name: " "})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    for key, text in ROW.items():  # what was typed is still there
        assert key == name or str(escape(text)) in answer.text


@pytest.mark.parametrize("name", WRONG)
def test_wrong_value(client: FlaskClient, name: str) -> None:
    answer = send(client, "/{{ cookiecutter.name }}/new", **{name: WRONG[name]})
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 1
    with client.application.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from({{ cookiecutter.model }})) == 0


@pytest.mark.parametrize("path", ["new", "1", "1/delete"])
def test_form_of_another_site_is_refused(client: FlaskClient, path: str) -> None:
    assert client.post(f"/{{ cookiecutter.name }}/{path}", data=ROW).status_code == 400


def test_second_of_two_people_sees_both_versions(app: Flask, client: FlaskClient) -> None:
    send(client, "/{{ cookiecutter.name }}/new")
    row = first(app)
    path = f"/{{ cookiecutter.name }}/{row.id}"
    assert send(client, path).status_code == 303
    answer = send(client, path, version="0")
    assert answer.status_code == 409
    assert "Somebody else changed this row." in answer.text
    assert f'name="version" value="{first(app).version}"' in answer.text  # saving again means to
    assert str(escape(FIRST)) in answer.text


def test_deleted_row_can_be_saved_again(app: Flask, client: FlaskClient) -> None:
    send(client, "/{{ cookiecutter.name }}/new")
    path = f"/{{ cookiecutter.name }}/{first(app).id}"
    page = client.get(path).text
    token = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', page)[0]
    assert send(client, f"{path}/delete").status_code == 303
    answer = client.post(path, data={**ROW, "csrf_token": token, "version": "1"})
    assert answer.status_code == 409
    assert 'action="/{{ cookiecutter.name }}/new"' in answer.text


def test_row_is_deleted_after_a_question(app: Flask, client: FlaskClient) -> None:
    send(client, "/{{ cookiecutter.name }}/new")
    path = f"/{{ cookiecutter.name }}/{first(app).id}/delete"
    assert send(client, path, version="0").status_code == 409
    assert first(app)
    assert send(client, path).status_code == 303
    assert "Deleted." in client.get("/{{ cookiecutter.name }}/").text
    assert client.get(path).status_code == 404


def test_rows_are_searched_sorted_and_paged(client: FlaskClient) -> None:
    send(client, "/{{ cookiecutter.name }}/new")
    query = {"find": "no such text 100%_", "sort": "{{ cookiecutter.sort }}", "desc": "1", "page": "9"}
    assert "No row has this text." in client.get("/{{ cookiecutter.name }}/", query_string=query).text
    page = client.get("/{{ cookiecutter.name }}/", query_string=query | {"find": ""})
    assert 'aria-sort="descending"' in page.text
    assert "1 row" in page.text
{% if cookiecutter.filenames %}

def test_row_keeps_its_file(app: Flask, client: FlaskClient) -> None:
    send(client, "/{{ cookiecutter.name }}/new")
    path = f"/{{ cookiecutter.name }}/{first(app).id}"
    no_file = {name: (BytesIO(), "") for name in files()}
    assert send(client, path, **no_file).status_code == 303
    assert first(app).{{ cookiecutter.filenames[0] }} == "<b>invoice.html"


def test_file_is_sent_as_an_attachment(app: Flask, client: FlaskClient) -> None:
    assert send(client, "/{{ cookiecutter.name }}/new").status_code == 303
    path = f"/{{ cookiecutter.name }}/{first(app).id}/{{ cookiecutter.filenames[0] }}"
    with client.get(path) as answer:
        assert answer.data == b"%PDF-1.7 an invoice"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("content", [b"\x7fELF\0 a program", b"", b"<html>\0"])
def test_file_of_another_kind_is_refused(client: FlaskClient, content: bytes) -> None:
    upload = BytesIO(content), "invoice.pdf"
    answer = send(client, "/{{ cookiecutter.name }}/new", {{ cookiecutter.filenames[0] }}=upload)
    assert answer.status_code == 422
{% endif %}
