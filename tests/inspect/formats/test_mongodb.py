"""Collections of MongoDB as sources, read by pymongo from a stand-in for the wire protocol."""

from __future__ import annotations

import datetime
import json
import random
import stat
import sys
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import pytest

from flaskdash.inspect.formats import mongodb
from tests.support.fixtures import Cli
from tests.support.mongo_stand_in import Document, StandIn
from tests.support.mongo_stand_in import mongodb as stand_in
from tests.support.projects import check_own_code, inside, replace_in, run
from tests.support.servers import PASSWORD
from tests.support.waiting import wait_for
from tests.support.web import fetch, free_port, serving, wait_for_data

START = datetime.datetime(2024, 1, 1, 8)
HOSTILE = 'x"); import os #\n<script>alert(1)</script>\x1b[31m'
ROWS = 240


def orders() -> list[Document]:
    chance = random.Random(3)
    return [
        {
            "_id": bson.ObjectId(f"{n:024x}"),
            "at": START + datetime.timedelta(hours=7 * n, milliseconds=n),
            "day": datetime.datetime(2024, 1, 1) + datetime.timedelta(days=n // 4),
            "customer": {
                "name": f"C{n % 17}",
                "address": {"city": ("Oslo", "Rome", "Bern")[n % 3]},
            },
            "tags": [("new", "gift", "sale")[(n // 3 + k) % 3] for k in range(n % 3)],
            "amount": bson.Decimal128(f"{chance.randint(100, 9999)}.25"),
            "units": bson.Int64(n % 7 + 1),
            "paid": n % 3 == 0,
            "photo": bson.Binary(b"\x89PNG"),
            "place": {"type": "Point", "coordinates": [10 + n / 100, 50 + n / 200]},
            "mixed": n if n % 2 else f"n{n}",
            "account": 2**60 + n,
            "token": bson.Binary.from_uuid(uuid.UUID(int=n)),
            **({"coupon": "X10"} if n % 10 == 0 else {}),
            **({"note": {"text": "late"}} if n % 9 == 0 else {"note": None}),
        }
        for n in range(ROWS)
    ]


def baskets() -> list[Document]:
    return [
        {
            "_id": n,
            "at": START + datetime.timedelta(days=n),
            "items": [{"article": f"S{k}", "pieces": k + n % 5 + 1} for k in range(n % 4)],
        }
        for n in range(90)
    ]


@pytest.fixture
def server() -> Iterator[StandIn]:
    collections = {"orders": orders(), "baskets": baskets(), "empty": [], "system.views": []}
    with stand_in(collections, PASSWORD) as running:
        yield running


@pytest.fixture
def shop(server: StandIn, folder: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project from the orders, with the environment of the tests, and work in it."""
    given = ("--data", server.url(), "--table", "orders")
    flaskdash("new", "dash", *given, "--no-install", "--no-git")
    (folder / "dash/.venv").symlink_to(sys.prefix)
    monkeypatch.chdir(folder / "dash")
    return folder / "dash"


def has_secret(text: str) -> bool:
    """Tell whether a text contains the password, plain or encoded as in a URL."""
    quoted = urllib.parse.quote(PASSWORD, safe="")
    return any(form in text for form in (PASSWORD, quoted, "s3cret"))


def described(flaskdash: Cli, url: str, table: str) -> dict[str, Any]:
    result = flaskdash("inspect", url, "--table", table, "--json")
    assert not has_secret(result.output)
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


# What documents become


def test_documents_become_typed_columns(server: StandIn, flaskdash: Cli) -> None:
    answer = described(flaskdash, server.url(), "orders")
    columns = {column["name"]: column for column in answer["columns"]}
    types = {name: column["type"] for name, column in columns.items()}
    assert types == {
        "_id": "text",
        "at": "datetime",
        "day": "date",
        "customer.name": "text",
        "customer.address.city": "text",
        "tags": "text",
        "amount": "number",
        "units": "integer",
        "paid": "boolean",
        "place.type": "text",
        "place.longitude": "number",
        "place.latitude": "number",
        "mixed": "text",
        "account": "text",
        "token": "text",
        "coupon": "text",
        "note.text": "text",
    }
    assert columns["coupon"]["missing"] == ROWS * 9 // 10
    assert columns["_id"]["role"] == columns["token"]["role"] == "identifier"
    assert "left out, as it is binary: photo" in answer["notes"]
    assert any("of several types" in note for note in answer["notes"])
    assert any("lists of choices" in note for note in answer["notes"])


def test_a_list_of_documents_becomes_rows(server: StandIn, flaskdash: Cli) -> None:
    answer = described(flaskdash, server.url(), "baskets")
    rows = sum(len(basket["items"]) for basket in baskets())
    names = [column["name"] for column in answer["columns"]]
    assert names == ["items.article", "items.pieces", "_id", "at"]
    assert answer["read"]["rows"] == rows
    assert {column["name"]: column["role"] for column in answer["columns"]}["_id"] == "identifier"


def test_a_list_of_documents_beside_other_shapes(server: StandIn, flaskdash: Cli) -> None:
    for n, basket in enumerate(baskets()):
        customer: Any = {"name": "Ann"} if n % 2 else "Ben"
        server.collections.setdefault("mixed", []).append({**basket, "customer": customer})
    answer = described(flaskdash, server.url(), "mixed")
    names = {column["name"] for column in answer["columns"]}
    assert names == {"_id", "at", "items", "customer", "customer.name"}


def test_documents_that_are_shapes(server: StandIn, flaskdash: Cli, shop: Path) -> None:
    server.collections["stops"] = [
        {
            "_id": n,
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [n / 10, n / 20]},
            "properties": {"name": f"Stop {n}", "visits": n * 7 % 50},
        }
        for n in range(40)
    ]
    run_offline(shop, flaskdash, "add-data", "MONGODB_URL", "--table", "stops")
    inside(
        shop,
        """
        data["stops"].build()
        assert list(data["stops"].columns()) == ["name", "visits", "longitude", "latitude"]
        assert len(data["stops"].query("SELECT * FROM stops")) == 40
        """,
    )


def test_a_big_collection_is_sampled(
    server: StandIn, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongodb, "SAMPLE", 60)
    answer = described(flaskdash, server.url(), "orders")
    assert f"read a sample of 60 of the {ROWS} documents" in answer["notes"]
    assert answer["read"]["rows"] == ROWS
    pipelines = [each["pipeline"] for each in server.commands if "pipeline" in each]
    assert pipelines == [[{"$sample": {"size": 60}}]]
    monkeypatch.setattr(mongodb, "MOST_DOCUMENTS", 100)
    output = flaskdash("inspect", server.url(), "--table", "orders", code=1).output
    assert "too many for the memory of a loader. Create a view in MongoDB" in output


def test_values_are_those_of_json(shop: Path) -> None:
    inside(
        shop,
        """
        import datetime
        from bson import Binary, Code, DBRef, Decimal128, Int64, MinKey, ObjectId, Regex, Timestamp
        from bson.datetime_ms import DatetimeMS
        from app.engine.mongodb import plain
        nan, id = float("nan"), ObjectId()
        pairs = [
            (Decimal128("12.50"), 12.5), (Decimal128("NaN"), None), (Decimal128("1E+400"), None),
            (nan, None), (float("inf"), None), (Int64(5), 5), (2**60, str(2**60)), (True, True),
            (id, str(id)), (DBRef("people", id), str(id)), (Regex("a+"), "a+"), (Code("f()"), "f()"),
            (Binary(b"x"), None), (b"x", None), (MinKey(), None), (DatetimeMS(2**60), None),
            (datetime.datetime(2024, 2, 3, 4, 5, 6, 7000), "2024-02-03T04:05:06.007"),
            (Timestamp(0, 1), "1970-01-01T00:00:00.000"), ([1, None, nan, {"a": {}}], [1]),
            ({"a": {"b": None}, "c": [{"d": 1}, b"x"]}, {"c": [{"d": 1}]}), ({}, None),
        ]
        for value, expected in pairs:
            assert plain(value) == expected and type(plain(value)) is not Int64, value
        """,
    )


# What is refused


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "mongodb+srv://ann:p%40ss@c.example.net/shop?w=1",
            "mongodb+srv://ann:***@c.example.net/shop",
        ),
        ("mongodb://ann:a/b@c@h1:1,h2:2/shop", "mongodb://ann:***@h1:1,h2:2/shop"),
        ("mongodb://h1", "mongodb://h1/"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, expected: str) -> None:
    assert mongodb.find_address(url, {}) == (url, "")
    assert mongodb.find_address("SHOP_URL", {"SHOP_URL": url}) == (url, "SHOP_URL")
    assert mongodb.find_address("SHOP_URL", {"SHOP_URL": "sqlite:///x"}) == ("", "")
    assert mongodb.redact(url) == expected


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "has 3 collections. Choose one with --table: baskets, empty, orders."),
        (("--table", "ordres"), "no collection 'ordres'. Choose one with --table: baskets, empty,"),
        (("--table", "ordres"), "Try: --table orders"),
        (("--table", "empty"), "has no documents in empty. Use a collection that has some."),
        (("--table", "orders", "--live"), "--live needs a database that runs SQL"),
        (
            ("--table", "orders", "--query", "SELECT 1"),
            "--query is SQL, which MongoDB does not run",
        ),
    ],
)
def test_the_error_for_a_collection_that_can_not_be_added(
    server: StandIn, made: Path, flaskdash: Cli, flags: tuple[str, ...], message: str
) -> None:
    env = (made / ".env").read_text("utf-8")
    output = flaskdash("add-data", server.url(), *flags, code=1).output
    assert message in output
    assert not has_secret(output)
    assert (made / ".env").read_text("utf-8") == env


def test_addresses_that_can_not_be_read(
    server: StandIn, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = server.url("wr0ng%pw")
    silent = f"mongodb://shop:s3cret@127.0.0.1:{free_port()}/shop?serverSelectionTimeoutMS=100"
    cases = {
        "mongodb+srv://shop:s3cret@nowhere.invalid/shop": "can't be read: ",
        wrong: "the server refused the user or the password. Check the address",
        silent: "no server answered within 5 s",
        "mongodb://shop:s3cret/x@127.0.0.1:y/shop": "can't be read",
        f"mongodb://127.0.0.1:{server.server_address[1]}/shop": "the user may not read it",
        server.url(database=""): "does not name a database",
    }
    for url, message in cases.items():
        output = flaskdash("inspect", url, "--table", "orders", code=1).output
        assert message in output, output
        assert not has_secret(output)
        assert "wr0ng" not in output
        assert "Traceback" not in output
    monkeypatch.setitem(sys.modules, "pymongo", None)
    output = flaskdash("inspect", server.url(), "--table", "orders", code=1).output
    assert "needs the package pymongo.\nTry: pip install 'flaskdash[databases]'" in output


def test_the_only_collection_needs_no_table(flaskdash: Cli) -> None:
    with stand_in({"orders": orders()}, "") as running:
        url = f"mongodb://127.0.0.1:{running.server_address[1]}/shop"
        assert f"{url}: orders" in flaskdash("inspect", url).output
        running.collections.clear()
        output = flaskdash("inspect", url, code=1).output
        assert "has no collections that the user may read" in output


def test_names_from_the_server_are_only_names(
    server: StandIn, folder: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = {HOSTILE: "a", "it's": 1, "$set": 2}
    rows = [{**row, HOSTILE: f"{HOSTILE}{n % 3}", "in": inner} for n, row in enumerate(orders())]
    server.collections[HOSTILE] = [{**row, "a.b": 1, "$where": 2} for row in rows]
    error = flaskdash("inspect", server.url(), "--table", "nope", code=1).output
    answer = flaskdash("inspect", server.url(), "--table", HOSTILE).output
    assert "\x1b" not in error + answer
    assert "left out, as a query can't select it: $where" in answer
    assert "left out, as a query can't select it: a.b" in answer
    given = ("--data", server.url(), "--table", HOSTILE)
    flaskdash("new", "dash", *given, "--no-install", "--no-git")
    root = folder / "dash"
    (root / ".venv").symlink_to(sys.prefix)
    monkeypatch.chdir(root)
    run(root, "ruff", "check", "--no-cache")
    inside(
        root,
        """
        for loader in data.values():
            assert not loader.build().error
        page = get("/").get_data(as_text=True)
        assert "<script>alert" not in page and "could not be drawn" not in page
        """,
    )


# The project


def run_offline(root: Path, flaskdash: Cli, *args: str) -> str:
    """Run a command in a project that has pymongo already, so that no package is added."""
    output: str = flaskdash(*args).output
    assert not has_secret(output)
    return output


def test_the_address_is_in_env_alone(server: StandIn, shop: Path, flaskdash: Cli) -> None:
    for path in shop.rglob("*"):
        if path.is_file() and ".venv" not in path.parts and path.name != ".env":
            assert not has_secret(path.read_text("utf-8", "replace")), path
    assert has_secret((shop / ".env").read_text("utf-8"))
    assert stat.S_IMODE((shop / ".env").stat().st_mode) == 0o600
    assert "\nMONGODB_URL=\n" in (shop / ".env.example").read_text("utf-8")
    assert '"pymongo>=' in (shop / "pyproject.toml").read_text("utf-8")
    assert not (shop / "app/engine/database.py").exists()
    first = run_offline(shop, flaskdash, "add-data", server.url(), "--table", "baskets")
    assert "create    app/loaders/baskets.py" in first
    assert "append" not in first
    again = ("--table", "baskets", "--name", "again", "--refresh", "5m")
    run_offline(shop, flaskdash, "add-data", "MONGODB_URL", *again)
    loader = (shop / "app/loaders/again.py").read_text("utf-8")
    assert 'ADDRESS = "MONGODB_URL"' in loader
    assert 'REFRESH = "5m"' in loader


@pytest.mark.slow
def test_a_project_passes_its_own_checks(shop: Path, flaskdash: Cli) -> None:
    run_offline(shop, flaskdash, "add-data", "MONGODB_URL", "--table", "baskets")
    flaskdash("add-chart", "pieces", "--data", "baskets", "--kind", "bar", "--x", "items.article")
    check_own_code(shop)
    (shop / ".env").unlink()
    printed = run(shop, "pytest", "-q", "-rs", "-p", "no:cacheprovider")
    assert "MONGODB_URL is not set: see .env.example" in printed


def test_the_loader_selects_its_fields(server: StandIn, shop: Path) -> None:
    replace_in(shop, "loaders/orders.py", ('        "mixed",\n', ""), ('df["mixed"]', "# "))
    server.commands.clear()
    inside(
        shop,
        f"""
        data["orders"].build()
        orders = data["orders"].query("SELECT * FROM orders ORDER BY _id")
        assert len(orders) == {ROWS}
        assert str(orders["at"].iloc[1]) == "2024-01-01 15:00:00.001000"
        assert orders["customer.address.city"].tolist()[:3] == ["Oslo", "Rome", "Bern"]
        assert orders["tags"].tolist()[:5] == ["", "new", "new, gift", "", "gift"]
        assert orders["place.longitude"].iloc[5] == 10.05
        types = data["orders"].columns()
        assert types["units"] == "BIGINT" and types["amount"] == "DOUBLE", types
        assert types["paid"] == "BOOLEAN" and types["_id"] == "VARCHAR", types
        """,
    )
    projection = next(each["projection"] for each in server.commands if "find" in each)
    assert "customer" in projection
    assert not {"photo", "mixed", "customer.name"} & set(projection)


def test_a_refresh_reads_new_documents_of_other_shapes(server: StandIn, shop: Path) -> None:
    inside(shop, 'assert not data["orders"].build().error')
    more = [
        {"_id": "by hand", "customer": "Ann", "place": {"type": "Point", "coordinates": [1]}},
        {"_id": 7, "at": START, "units": 2.5, "surprise": 1, "tags": ["late"], "mixed": None},
    ]
    server.collections["orders"] += more
    inside(
        shop,
        f"""
        state = data["orders"].build(force=True)
        assert not state.error and state.rows == {ROWS + 2}, state
        orders = data["orders"].query("SELECT * FROM orders")
        assert "surprise" not in orders and {{"by hand", "7"}} < set(orders["_id"])
        assert orders["paid"].isna().sum() == 2
        """,
    )


@pytest.mark.slow
def test_a_page_shows_charts_and_new_documents(server: StandIn, shop: Path) -> None:
    replace_in(shop, "loaders/orders.py", ('REFRESH = "1h"', 'REFRESH = "1s"'))

    def page() -> str:
        return fetch(url)[1].decode()

    with serving(shop, SECRET_KEY="test") as url:
        wait_for_data(url)
        assert "could not be drawn" not in page()
        assert page().count('<div class="chart" role="img"') >= 4
        assert fetch(f"{url}/charts/amount-over-time.csv")[0] == 200
        new = {**orders()[0], "_id": bson.ObjectId(), "customer": {"name": "Zoe of the new ones"}}
        server.collections["orders"] += [new] * 500
        wait_for(lambda: "Zoe of the new ones" in page(), "the new documents")
    assert not has_secret((shop / "server.log").read_text("utf-8"))
