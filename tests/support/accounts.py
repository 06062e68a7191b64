"""Accounts: what people do with the links that they get."""

from __future__ import annotations

import re

from playwright.sync_api import Page

PASSWORD = "a quiet harbour"


def link(text: str) -> str:
    """Return the first link to choose a password in a text."""
    return re.findall(r"/links/[\w-]+", text)[0]


def choose_password(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Once more").fill(PASSWORD)
    page.get_by_role("button", name="Save, and sign in").click()
