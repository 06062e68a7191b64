"""Upload {{ cookiecutter.label }}: a file is checked, compared, made live, and undone."""

import re
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import app.loaders.{{ cookiecutter.name }} as loader
from app.engine import get_engine

PAGE = "/upload-{{ cookiecutter.slug }}/"


@pytest.fixture(autouse=True)
def source(app: Flask, tmp_path: Path) -> Iterator[Path]:
    """Let the loader read a copy of its file, which a test may replace."""
    file = tmp_path / loader.SOURCE.name
    shutil.copyfile(loader.SOURCE, file)
    with app.app_context():
        data = get_engine().data["{{ cookiecutter.name }}"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loader, "SOURCE", file)
            yield file
        data.build(force=True)


def token(client: FlaskClient) -> str:
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', client.get(PAGE).text)[0])


def send(client: FlaskClient, content: bytes, mode: str = "replace") -> TestResponse:
    data = {"csrf_token": token(client), "mode": mode, "file": (BytesIO(content), "any name")}
    return client.post(PAGE, data=data)


def accept(client: FlaskClient, answer: TestResponse) -> TestResponse:
    assert answer.status_code == 303, answer.text
    assert "afterwards" in client.get(answer.location).text
    return client.post(answer.location, data={"csrf_token": token(client), "decision": "live"})


def test_file_goes_live_and_back(client: FlaskClient, source: Path) -> None:
    before = source.read_bytes()
    source.write_bytes(before)
    {%- if cookiecutter.appends %}
    rows = get_engine().data["{{ cookiecutter.name }}"].build().rows
    assert accept(client, send(client, before, "append")).status_code == 303
    assert get_engine().data["{{ cookiecutter.name }}"].build().rows > rows
    assert source.read_bytes() != before
    {%- else %}
    assert accept(client, send(client, before)).status_code == 303
    {%- endif %}
    page = client.get(PAGE)
    assert page.headers["Cache-Control"] == "no-store"
    undo = re.findall(r'action="([^"]+/versions/[^"]+)"', page.text)[0]
    assert client.post(undo, data={"csrf_token": token(client)}).status_code == 303
    assert source.read_bytes() == before


def test_upload_is_discarded(client: FlaskClient, source: Path) -> None:
    before = source.read_bytes()
    answer = send(client, before)
    data = {"csrf_token": token(client), "decision": "discard"}
    assert client.post(answer.location, data=data).status_code == 303
    assert client.get(answer.location).status_code == 404


def test_upload_is_for_the_data_that_was_compared(client: FlaskClient, source: Path) -> None:
    answer = send(client, source.read_bytes())
    with source.open("ab") as file:
        file.write(b"\n")
    data = {"csrf_token": token(client), "decision": "live"}
    answer = client.post(answer.location, data=data)
    assert answer.status_code == 409
    assert "The data changed since this preview." in answer.text


@pytest.mark.parametrize("content", [b"", b"\0\1\2\3", b"PK\x03\x04 no archive", {{ cookiecutter.wrong }}])
def test_wrong_file_is_refused(client: FlaskClient, source: Path, content: bytes) -> None:
    before = source.read_bytes()
    answer = send(client, content)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert source.read_bytes() == before


def test_form_of_another_site_is_refused(client: FlaskClient) -> None:
    assert client.post(PAGE, data={"file": (BytesIO(b"x"), "x")}).status_code == 400
