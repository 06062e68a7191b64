"""Testing: a device with a passkey, without a browser, for the tests of passkeys and for yours."""

import json
from hashlib import sha256
from secrets import token_bytes
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, NEW_KEY = 0x01, 0x04, 0x40


class Device:
    """A device with a passkey, and the browser that asks it."""

    def __init__(self, origin: str = "http://localhost", flags: int = PRESENT | VERIFIED) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id, self.origin, self.flags, self.count = token_bytes(16), origin, flags, 0

    def make(self, options: dict[str, Any]) -> str:
        """Answer the challenge with the public key."""
        point = self.key.public_key().public_numbers()
        coordinates = {-2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, **coordinates})  # ES256, on the curve P-256
        state = self._state(options["rp"]["id"], NEW_KEY)
        state += bytes(16) + len(self.id).to_bytes(2) + self.id + key
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": state})
        request = self._request("webauthn.create", options)
        return self._json(clientDataJSON=request, attestationObject=made)

    def sign(self, options: dict[str, Any]) -> str:
        """Answer the challenge with a signature."""
        self.count += 1
        request = self._request("webauthn.get", options)
        state = self._state(options["rpId"])
        signed = state + sha256(request).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._json(clientDataJSON=request, authenticatorData=state, signature=signature)

    def _state(self, site: str, more: int = 0) -> bytes:
        flags = bytes([self.flags | more])
        return sha256(site.encode()).digest() + flags + self.count.to_bytes(4)

    def _request(self, kind: str, options: dict[str, Any]) -> bytes:
        request = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(request).encode()

    def _json(self, **response: bytes) -> str:
        encoded = {name: bytes_to_base64url(value) for name, value in response.items()}
        name = bytes_to_base64url(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": encoded})
