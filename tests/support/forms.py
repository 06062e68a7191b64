"""Forms with a field of each type, as commands that add them."""

from __future__ import annotations

FIELDS = (
    "customer:text:required",
    "remark:longtext",
    "quantity:integer:required",
    "weight:number",
    "amount:money:required",
    "date:date",
    "seen:datetime",
    """region:choice(North|South|O'Brien "<b>{{ x }}</b>"):required""",
    "paid:flag",
    "contact:email",
    "receipt:file",
)
SMALL = ("kind:choice(A|B)", "scan:file:required", "day:date:required")


def _add_form(name: str, fields: tuple[str, ...]) -> tuple[str, ...]:
    return ("add-form", name, *(text for field in fields for text in ("--field", field)))


ADD_FORMS = (_add_form("orders", FIELDS), _add_form("scans", SMALL))
