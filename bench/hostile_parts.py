"""Hostile requests to passkeys, forms and uploads, for hostile.py: each takes its Attack."""

import io
import json
import re
from secrets import token_hex
from typing import Any
from urllib.parse import quote

ANY_VALUE = (None, True, 0, -1, 1.5, "", [], {}, ["x"], {"x": 1}, "\x00", "\ud800", "A" * 70_000)
GUESSES = 40


def token_in(page: str) -> str:
    match = re.search(r'name="csrf_token"[^>]*? value="([^"]+)"', page)
    return match[1] if match else ""


class Owner:
    """Somebody with a passkey, and their browser."""

    def __init__(self, attack: Any, site: str, password: str) -> None:
        from app.blueprints.passkeys.testing import Device  # type: ignore[import-not-found]

        self.attack, self.password = attack, password
        email = f"{token_hex(8)}@shop.example"  # earlier attacks may have disabled others
        self.client, self.device = attack.sign_in(email, "viewer"), Device(origin=site)
        self.number = 0

    def send(self, path: str, client: Any, base: Any = None, **form: str) -> Any:
        """Send a form with the token that its page has, each from an address of its own."""
        self.number += 1
        address = f"203.0.{self.number // 250}.{self.number % 250}"
        page = "/sign-in" if path.startswith("/sign-in") else "/account"
        form["csrf_token"] = token_in(self.attack.ask("GET", page, client).text)
        base = base or {"REMOTE_ADDR": address}
        return self.attack.send_form(path, client, form, environ_base=base)

    def challenge(self, client: Any) -> dict[str, Any]:
        """Return the options for signing in."""
        options: dict[str, Any] = self.send("/sign-in/passkey/options", client).json
        return options

    def new_options(self) -> dict[str, Any]:
        """Return the options for another passkey."""
        answer = self.send("/account/passkeys/options", self.client, old=self.password)
        if answer.status_code != 200:
            raise RuntimeError(f"no options: {answer.status_code} {answer.text:.200}")
        options: dict[str, Any] = answer.json
        return options


def mutate(chance: Any, answer: str) -> tuple[str, str]:
    """Return the answer of a device with one change, and what was changed."""
    from webauthn.helpers import (  # type: ignore[import-not-found]
        base64url_to_bytes,
        bytes_to_base64url,
    )

    credential = json.loads(answer)
    response = credential["response"]
    holder, key = chance.choice(
        [(credential, "id"), (credential, "rawId"), (credential, "type"), (credential, "response")]
        + [(response, name) for name in response] * 3
    )
    kind = chance.randrange(5)
    is_bytes = holder is response or key in {"id", "rawId"}
    if kind == 0 and is_bytes:
        value = bytearray(base64url_to_bytes(holder[key]))
        value[chance.randrange(len(value))] ^= 1 << chance.randrange(8)
        holder[key] = bytes_to_base64url(bytes(value))
    elif kind == 1 and is_bytes:
        value = bytearray(base64url_to_bytes(holder[key]))
        holder[key] = bytes_to_base64url(bytes(value[: chance.randrange(len(value))]))
    elif kind == 2:
        del holder[key]
    elif kind == 3:
        whole = ("", "null", "[]", "{}", '"x"', "[" * 5_000, "\x00", answer[:-1], answer + answer)
        return chance.choice(whole), "all of it"
    else:
        holder[key] = chance.choice(ANY_VALUE)
    return json.dumps(credential), f"{key} ({kind})"


def mutated_passkeys(attack: Any, site: str, password: str) -> None:
    """Change what devices answer; nobody may be signed in by it, and no error may come of it."""
    owner, check = Owner(attack, site, password), "mutated passkeys"
    made = owner.device.make(owner.new_options())
    answer = owner.send("/account/passkeys", owner.client, credential=made)
    attack.note("passkeys", check, "" if answer.status_code == 200 else "no passkey was added")
    client = attack.app.test_client()
    right = owner.device.sign(owner.challenge(client))
    answer = owner.send("/sign-in/passkey", client, credential=right)
    attack.note("passkeys", check, "" if answer.status_code == 200 else "a right answer is refused")
    for _ in range(max(20, attack.cases // 20)):
        client = attack.app.test_client()
        sent, changed = mutate(attack.chance, owner.device.sign(owner.challenge(client)))
        answer = owner.send("/sign-in/passkey", client, credential=sent)
        is_refused = answer.status_code in {400, 401, 413}
        fault = f"signing in: {changed}: {answer.status_code}"
        attack.note("passkeys", check, "" if is_refused else fault)
        # Nothing signs a new passkey: some changes, as of its key, are just another passkey.
        sent, changed = mutate(attack.chance, owner.device.make(owner.new_options()))
        may_differ = "attestationObject" in changed
        answer = owner.send("/account/passkeys", owner.client, credential=sent)
        is_refused = answer.status_code in {400, 413} or (answer.status_code == 200 and may_differ)
        fault = f"adding: {changed}: {answer.status_code}"
        attack.note("passkeys", check, "" if is_refused else fault)
    for name, sent, client in wrong_answers(owner, site):
        answer = owner.send("/sign-in/passkey", client, credential=sent)
        is_refused = answer.status_code in {400, 401, 413}
        attack.note("passkeys", check, "" if is_refused else f"{name}: {answer.status_code}")


def wrong_answers(owner: Owner, site: str) -> list[tuple[str, str, Any]]:
    """Return answers that are well formed: sent again, of another site, for another browser."""
    device, clients = owner.device, [owner.attack.app.test_client() for _ in range(4)]
    again = device.sign(owner.challenge(clients[0]))
    owner.send("/sign-in/passkey", clients[0], credential=again)
    foreign = owner.challenge(clients[1])
    device.origin = "https://evil.example"
    of_evil = device.sign(foreign)
    device.origin, flags, device.flags = site, device.flags, 1  # present, and not verified
    unverified = device.sign(owner.challenge(clients[2]))
    device.flags = flags
    owner.challenge(clients[3])
    stolen = device.sign(owner.challenge(owner.attack.app.test_client()))
    return [
        ("sent again", again, clients[0]),
        ("of another site", of_evil, clients[1]),
        ("not verified", unverified, clients[2]),
        ("for another browser", stolen, clients[3]),
    ]


def guessed_passkeys(attack: Any, site: str, password: str) -> None:
    """Send more wrong answers, and wrong passwords for the list of passkeys, than limits allow."""
    owner = Owner(attack, site, password)
    base = {"REMOTE_ADDR": "203.0.113.1"}
    for path in ("/sign-in/passkey", "/account/passkeys/options"):
        client = owner.client if path.startswith("/account") else attack.app.test_client()
        answers = []
        for _ in range(GUESSES):
            if path.startswith("/sign-in"):
                owner.challenge(client)
            answers.append(owner.send(path, client, base, credential="{}", old="a wrong guess"))
        refused = sum("too many attempts" in answer.text for answer in answers)
        is_right = all(answer.status_code in {400, 401, 429} for answer in answers)
        fault = f"{path}: {refused} of {GUESSES} guesses were too many"
        attack.results["passkeys", "brute force"][0] += GUESSES - 1
        attack.note("passkeys", "brute force", "" if refused > GUESSES / 2 and is_right else fault)


def injected_rows(attack: Any, base: str, fields: dict[str, str]) -> None:
    """Send SQL in what finds and sorts the rows of a form; it may not find what it does not name."""
    marked = "zebra-crossing"
    form = {**fields, next(iter(fields)): marked}
    form["csrf_token"] = token_in(attack.ask("GET", f"{base}new").text)
    answer = attack.send_form(f"{base}new", attack.client, form)
    attack.look("form", "SQL injection", answer, form)
    listed = marked in attack.ask("GET", base).text
    attack.note("form", "SQL injection", "" if listed else f"{base}: no row was entered")
    for _ in range(attack.cases // 4):
        value = attack.payload()
        name = attack.chance.choice(("find", "find", "sort", "desc", "page"))
        query = {name: value} | ({"sort": attack.payload()} if name == "desc" else {})
        answer = attack.ask("GET", base, query_string=query)
        attack.look("form", "SQL injection", answer, query)
        text = value.replace("\0", "").strip().casefold()
        # Any column may hold it: the time of the last change has digits and signs.
        is_foreign = text not in marked and not {*text} <= {*"0123456789-:. "}
        if name == "find" and is_foreign and marked in answer.text:
            attack.results["form", "SQL injection"][1].append(f"{query} lets a row through")


def hostile_uploads(attack: Any, site: str, base: str, head: list[str]) -> None:
    """Upload files with SQL in their names, headers and cells, and restore what is no version."""
    for number in range(max(4, min(20, attack.cases // 100))):
        cells = [attack.payload().replace('"', '""').replace("\0", "") for _ in head]
        names = head if number % 2 else [*head[:-1], cells[0]]
        line = ",".join(f'"{cell}"' for cell in cells)
        content = ",".join(f'"{name}"' for name in names) + f"\n{line}\n" * 5
        file = (io.BytesIO(content.encode()), f"{attack.payload()}.csv")
        form: dict[str, Any] = {"csrf_token": token_in(attack.ask("GET", base).text)}
        answer = attack.send_form(base, attack.client, {**form, "file": file, "mode": "append"})
        attack.look("upload", "SQL injection", answer, content)
        if answer.status_code in {302, 303}:
            preview = attack.ask("GET", answer.location)
            attack.look("upload", "SQL injection", preview, content)
            attack.send_form(answer.location, attack.client, {**form, "decision": "discard"})
    token = token_in(attack.ask("GET", base).text)
    for _ in range(max(20, attack.cases // 20)):
        path = attack.chance.choice(("", "versions/")) + quote(attack.payload(), safe="")
        for method in ("GET", "POST"):
            form = {"csrf_token": token, "decision": attack.payload()}
            headers = {"Referer": site}
            answer = attack.ask(method, base + path, headers=headers, data=form)
            attack.look("upload", "SQL injection", answer, path)
