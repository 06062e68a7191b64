"""The .env file on a server: what is set is what the project gets, and nothing else changes."""

from __future__ import annotations

import random
from pathlib import Path

import dotenv
import pytest
from dotenv.parser import parse_stream

from flaskdash.deploy.ssh.server.basics import write_file
from flaskdash.deploy.ssh.server.settings import parse_settings, read_settings, with_settings
from flaskdash.project import dotenv as project_dotenv

# Ends of lines of all kinds, and what python-dotenv, a shell or a regular expression could read.
ALPHABET = [
    *"\r\n\t\x0b\x0c\x1c\x85\u2028\u2029\xa0\ufeff",
    *"'\"\\$`{}#=; abAé😀",
    *(
        "${A}",
        "${B:-x}",
        "$A",
        "\\n",
        "\\'",
        '\\"',
        "\r\n",
        "\nA=evil\n",
        "\nexport B='",
        " #",
        "%d",
    ),
]
NAMES = ["A", "B", "C"]
BY_HAND = [
    "A='one\nB=evil\ntwo'\nC=1\n",
    'export A="-----BEGIN KEY-----\nB=evil\n-----END KEY-----"  # a key\nC=1',
    "A='never closed\nC=1\n",
    "C=1 # A=2\n# B='\n\n  A = b c\r\n'B'=3\nNO_VALUE\n= 4\nA = # nothing\n",
    "A=\x0bb\x0cB=evil\x85B=evil\u2028B=evil\nC=it's\n",
    "\ufeffA=1\nB=${A}\n",
    "A='x' junk\nB=2\n",
    "'A\nB'=1\nC=\nA=",
]


def value(chance: random.Random) -> str:
    return "".join(chance.choices(ALPHABET, k=chance.randrange(1, 12)))


def read(path: Path, text: str) -> dict[str, str]:
    """Return what a project gets of an .env file, after it was written as on the server."""
    write_file(path, text, 0o600)
    return {name: text or "" for name, text in dotenv.dotenv_values(path).items()}


@pytest.mark.parametrize("seed", range(20))
def test_what_is_set_is_what_the_project_gets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    chance = random.Random(seed)
    path, text, expected = tmp_path / ".env", "", {}
    for _ in range(30):
        values = {name: value(chance) for name in chance.sample(NAMES, chance.randrange(1, 3))}
        text = with_settings(text, values)
        expected |= values
        assert read(path, text) == expected == project_dotenv(path)
        text = path.read_text("utf-8")
        assert sorted(read_settings(text)) == sorted(expected)


@pytest.mark.parametrize("text", BY_HAND)
@pytest.mark.parametrize("name", NAMES)
def test_a_file_edited_by_hand_keeps_its_other_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, name: str
) -> None:
    for each in NAMES:
        monkeypatch.delenv(each, raising=False)
    path = tmp_path / ".env"
    before = {each: value for each, value in read(path, text).items() if each in NAMES}
    after = read(path, with_settings(path.read_text("utf-8"), {name: "new"}))
    expected = before | {name: "new"}
    if "${A}" in text and name == "A":
        expected["B"] = "new"  # it refers to the other
    assert {each: after[each] for each in after if each in NAMES} == expected


@pytest.mark.parametrize("seed", range(20))
def test_the_server_splits_a_file_as_python_dotenv_does(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    texts = ["".join(value(chance) for _ in range(chance.randrange(6))) for _ in range(50)]
    for text in [*texts, *BY_HAND]:
        write_file(tmp_path / "x", text.removeprefix("\ufeff"))
        with (tmp_path / "x").open(encoding="utf-8") as file:
            expected = {
                each.key: None for each in parse_stream(file) if each.key and each.value is not None
            }
        lines = (tmp_path / "x").read_text("utf-8").removeprefix("\ufeff")
        assert "".join(source for *_, source in parse_settings(lines)) == lines
        assert list(read_settings(lines)) == list(expected)
