"""MongoDB: the documents of a collection, in the plain values that JSON has."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from bson import DBRef, Decimal128, ObjectId, Regex, Timestamp
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError, ServerSelectionTimeoutError

CONNECT_SECONDS = 5
READ_SECONDS = 60  # the time that the server may take for each batch of documents
EXACT = 2**53  # the largest whole number that every float can hold
REFUSALS = {
    13: "the user may not read it",
    18: "the server refused the user or the password",
    8000: "the server refused the user or the password",  # as MongoDB Atlas answers
}
PASSWORD = re.compile(r"//[^:/@]*:(.*)@")


class MongoError(RuntimeError):
    """A failure of MongoDB or its driver, without the password."""


def find(variable: str, collection: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return the fields of all documents that these columns need, as `plain` converts them.

    `variable` is the environment variable that holds the address. The column a.b needs the field a.
    """
    fields = [name.partition(".")[0] for name in columns]
    projection = {"_id": 0, **dict.fromkeys(fields, 1)}
    with connect(variable) as database:
        return [plain(document) for document in database[collection].find({}, projection)]


@contextmanager
def connect(variable: str) -> Iterator[Database[dict[str, Any]]]:
    """Lend the database whose address a variable holds; raise MongoError if anything fails."""
    address = os.environ.get(variable)
    if not address:
        raise MongoError(f"{variable} is not set. Write {variable}=mongodb://... to .env")
    try:
        with MongoClient[dict[str, Any]](
            address,
            serverSelectionTimeoutMS=1000 * CONNECT_SECONDS,
            connectTimeoutMS=1000 * CONNECT_SECONDS,
            socketTimeoutMS=1000 * READ_SECONDS,
            uuidRepresentation="standard",
            datetime_conversion="DATETIME_AUTO",  # a year that Python does not know fails no query
        ) as client:
            yield client.get_default_database()
    except (PyMongoError, ValueError) as error:  # ValueError: an address or a document is broken
        raise MongoError(describe(error, address)) from None


def describe(error: Exception, address: str) -> str:
    """Return what failed, in one line and without the password."""
    text = re.split(r" \(configured timeouts|, Timeout: ", " ".join(str(error).split()))[0]
    if isinstance(error, OperationFailure):
        # Its own text may hold all of the server's answer.
        text = REFUSALS.get(error.code or 0, text.partition(", full error")[0])
    if isinstance(error, ServerSelectionTimeoutError):
        text = f"no server answered within {CONNECT_SECONDS} s ({text})"
    if secret := PASSWORD.search(address):
        for form in (secret[1], unquote(secret[1])):
            text = text.replace(form, "***") if form else text
    return text[:500]


def plain(value: Any) -> Any:
    """Return a value as JSON has it: ids and times are text, all numbers are numbers.

    Binary, empty objects, infinity and years above 9999 become None. Objects and lists lack the
    parts that are None.
    """
    if isinstance(value, Mapping):
        parts = {key: plain(item) for key, item in value.items()}
        return {key: item for key, item in parts.items() if item is not None} or None
    if isinstance(value, list):
        return [item for item in map(plain, value) if item is not None]
    if isinstance(value, DBRef):  # a reference to another document
        return plain(value.id)
    if isinstance(value, Timestamp):
        value = value.as_datetime().replace(tzinfo=None)
    if isinstance(value, datetime):  # in UTC
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, Decimal128):
        value = value.to_decimal()
    if isinstance(value, (Decimal, float)):
        return float(value) if math.isfinite(value) and math.isfinite(float(value)) else None
    if isinstance(value, (ObjectId, UUID, str)):
        return str(value)
    if isinstance(value, Regex):
        return str(value.pattern)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) <= EXACT else str(value)
    return None
