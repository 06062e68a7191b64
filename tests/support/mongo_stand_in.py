"""A stand-in for MongoDB's wire protocol: it answers pymongo, from collections in memory.

It is not MongoDB. It knows the commands that reading takes, and SCRAM-SHA-256 for passwords.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import random
import socketserver
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import bson

Document = dict[str, Any]
OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
SALT, ROUNDS = b"0123456789abcdef", 4096
HELLO = {"isWritablePrimary": True, "helloOk": True, "minWireVersion": 0, "maxWireVersion": 21}
HELLO |= {"maxBsonObjectSize": 2**24, "maxMessageSizeBytes": 48_000_000}
HELLO |= {"maxWriteBatchSize": 100_000, "saslSupportedMechs": ["SCRAM-SHA-256"]}
OPEN = {"hello", "ismaster", "isMaster", "saslStart", "saslContinue", "ping", "endSessions"}


class StandIn(socketserver.ThreadingTCPServer):
    """The server: its collections by name, its user's password, and the commands that it got."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, collections: dict[str, list[Document]], password: str) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.collections, self.password = collections, password
        self.commands: list[Document] = []
        self.cursors: dict[int, tuple[str, list[Document]]] = {}
        self.numbers = itertools.count(1)

    def url(self, password: str | None = None, database: str = "shop") -> str:
        user = f"shop:{quote(password or self.password, safe='')}"
        return f"mongodb://{user}@127.0.0.1:{self.server_address[1]}/{database}"

    def run(self, command: Document) -> Document:
        """Return the answer to a command that reads."""
        self.commands.append(command)
        name = next(iter(command))
        rows = list(self.collections.get(str(command[name]), []))
        namespace = f"{command.get('$db')}.{command[name]}"
        size = command.get("batchSize") or command.get("cursor", {}).get("batchSize") or 101
        match name:
            case "ping" | "endSessions" | "killCursors":
                return {}
            case "listCollections":
                listed = [{"name": each, "type": "collection"} for each in self.collections]
                return self.batch("shop.$cmd.listCollections", listed, 1000)
            case "count":
                return {"n": len(rows)}
            case "find":
                rows = rows[: command.get("limit") or None]
                chosen = _project(rows, command.get("projection") or {})
                return self.batch(namespace, chosen, size)
            case "aggregate":
                return self.batch(namespace, _aggregate(rows, command["pipeline"]), size)
            case "getMore":
                namespace, rows = self.cursors.pop(command["getMore"])
                return self.batch(namespace, rows, size, "nextBatch")
        return {"ok": 0, "code": 59, "errmsg": f"no such command: {name}"}

    def batch(
        self, namespace: str, rows: list[Document], size: int, key: str = "firstBatch"
    ) -> Document:
        number = next(self.numbers) if len(rows) > size else 0
        if number:
            self.cursors[number] = namespace, rows[size:]
        return {"cursor": {"id": bson.Int64(number), "ns": namespace, key: rows[:size]}}


def _project(rows: Sequence[Document], projection: Document) -> list[Document]:
    chosen = {name for name, is_chosen in projection.items() if is_chosen}
    if projection.get("_id", 1):
        chosen.add("_id")
    return [{key: row[key] for key in row if key in chosen or not projection} for row in rows]


def _aggregate(rows: list[Document], pipeline: Sequence[Document]) -> list[Document]:
    for stage in pipeline:
        if "$sample" in stage:
            rows = random.Random(1).sample(rows, min(stage["$sample"]["size"], len(rows)))
        elif "$limit" in stage:
            rows = rows[: stage["$limit"]]
        else:
            raise ValueError(f"unknown stage: {stage}")
    return rows


class _Connection(socketserver.StreamRequestHandler):
    server: StandIn

    def setup(self) -> None:
        super().setup()
        self.is_known, self.first, self.challenge = not self.server.password, "", ""

    def handle(self) -> None:
        while len(head := self.rfile.read(16)) == 16:
            length, number, _, operation = struct.unpack("<iiii", head)
            body = self.rfile.read(length - 16)
            if operation == OP_QUERY:  # of drivers that begin as in MongoDB 3
                start = body.index(b"\0", 4) + 9
                size = struct.unpack_from("<i", body, start)[0]
                command = bson.decode(body[start : start + size])
                answer = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode(self.answer(command))
                operation = OP_REPLY
            else:
                answer = b"\0\0\0\0\0" + bson.encode(self.answer(bson.decode(body[5:])))
            packed = struct.pack("<iiii", 16 + len(answer), 0, number, operation)
            self.wfile.write(packed + answer)

    def answer(self, command: Document) -> Document:
        name = next(iter(command))
        if name in {"hello", "ismaster", "isMaster"}:
            return {**HELLO, "ismaster": True, "ok": 1}
        if name.startswith("sasl"):
            return {
                "ok": 1,
                **self.scram(command["payload"].decode(), is_start=name == "saslStart"),
            }
        if not self.is_known and name not in OPEN:
            return {"ok": 0, "code": 13, "errmsg": f"command {name} requires authentication"}
        return {"ok": 1, **self.server.run(command)}

    def scram(self, payload: str, *, is_start: bool) -> Document:
        """Return the answer to a step of SCRAM-SHA-256 (RFC 5802)."""
        values = dict(part.split("=", 1) for part in payload.split(",") if "=" in part)
        if is_start:
            self.first = payload.removeprefix("n,,")
            salt = base64.b64encode(SALT).decode()
            self.challenge = f"r={values['r']}stand-in,s={salt},i={ROUNDS}"
            return {"conversationId": 1, "done": False, "payload": self.challenge.encode()}
        salted = hashlib.pbkdf2_hmac("sha256", self.server.password.encode(), SALT, ROUNDS)
        stored = hashlib.sha256(_sign(salted, "Client Key")).digest()
        text = f"{self.first},{self.challenge},{payload.rpartition(',p=')[0]}"
        proof, signature = base64.b64decode(values["p"]), _sign(stored, text)
        key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
        if hashlib.sha256(key).digest() != stored:
            return {"ok": 0, "code": 18, "errmsg": "Authentication failed."}
        self.is_known = True
        verifier = base64.b64encode(_sign(_sign(salted, "Server Key"), text))
        return {"conversationId": 1, "done": True, "payload": b"v=" + verifier}


def _sign(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


@contextmanager
def mongodb(collections: dict[str, list[Document]], password: str) -> Iterator[StandIn]:
    """Run a stand-in with a database `shop`, on a free port of the loopback."""
    with StandIn(collections, password) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)
