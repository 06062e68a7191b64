"""Paging: an API that answers a part at a time, joined into one JSON file.

The next page is known by a link in the answer or in its header, by a cursor, or by the page's number.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

MOST_PAGES = 100
LINKS = ["next", "next_page", "next_url", "nextUrl", "next_page_url", "next_link", "nextLink"]
LINKS += ["@odata.nextLink", "@nextLink"]
CURSORS = {  # the name in the answer: the parameter of the next request
    "next_cursor": "cursor",
    "nextCursor": "cursor",
    "next_page_token": "page_token",
    "nextPageToken": "pageToken",
    "nextToken": "nextToken",
    "next_token": "next_token",
    "continuation": "continuation",
    "endCursor": "after",
    "after": "after",
    "offset": "offset",
}
NUMBERS = ["page", "current_page", "currentPage", "page_number", "pageNumber"]
TOTALS = ["pages", "total_pages", "totalPages", "last_page", "lastPage", "page_count", "pageCount"]


def read(get: Callable[[str], tuple[Any, str]], url: str) -> tuple[Any, int]:
    """Return the first page with the records of all pages, but of MOST_PAGES at most; and their number.

    `get` returns the page at an address, and the header that links to others.
    """
    first, link = get(url)
    places = list(_longest(first))
    records = _at(first, places)
    addresses = {url}
    page = first
    while len(addresses) < MOST_PAGES:
        url = next_address(url, page, link)
        if not url or url in addresses:
            break
        addresses.add(url)
        page, link = get(url)
        more = _at(page, places)
        if not more:
            break
        records += more
    return first, len(addresses)


def next_address(url: str, page: Any, link: str = "") -> str:
    """Return the address of the page after this one, or "".

    It is on the same server: the token in a header is for no other.
    """
    address = _linked(link) or _address(url, page)
    following = urljoin(url, address) if address else ""
    same = urlsplit(following)[:2] == urlsplit(url)[:2]
    return following if following and same and following != url else ""


def _linked(link: str) -> str:
    """Return the address in a header such as <https://host/x?page=2>; rel="next"."""
    match = re.search(r'<([^<>]*)>[^<>]*;\s*rel="?next\b', link)
    return match[1] if match else ""


def _address(url: str, page: Any) -> str:
    for part in _parts(page):
        for name in LINKS:
            value = part.get(name)
            value = value.get("href") if isinstance(value, dict) else value
            if isinstance(value, str) and value.startswith(("http://", "https://", "/", "?")):
                return value
        for name, parameter in CURSORS.items():
            value = part.get(name)
            if value and isinstance(value, str | int) and part.get("hasNextPage") is not False:
                return _with(url, parameter, str(value))
        total = next((part[name] for name in TOTALS if isinstance(part.get(name), int)), 0)
        for name in NUMBERS:
            if isinstance(part.get(name), int) and part[name] < total:
                return _with(url, "page", str(part[name] + 1))
    return ""


def _parts(page: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the objects around the records: the page, and those in it such as meta and links."""
    if isinstance(page, dict):
        yield page
    values = page.values() if isinstance(page, dict) else page if isinstance(page, list) else ()
    for value in values if depth < 3 and len(values) < 50 else ():
        if isinstance(value, dict):
            yield from _parts(value, depth + 1)


def _with(url: str, parameter: str, value: str) -> str:
    """Return a URL with another value of a parameter."""
    parts = urlsplit(url)
    pairs = [pair for pair in parse_qsl(parts.query, True) if pair[0] != parameter]
    return parts._replace(query=urlencode([*pairs, (parameter, value)])).geturl()


def _longest(page: Any) -> Iterator[str | int]:
    """Yield the keys that lead to the longest list of a page."""
    keys: tuple[str | int, ...] = ()
    most = 0
    queue: list[tuple[tuple[str | int, ...], Any]] = [((), page)]
    while queue:
        place, value = queue.pop(0)
        if isinstance(value, list) and len(value) > most and not _holds_list(value):
            keys, most = place, len(value)
        if isinstance(value, dict) and len(place) < 4:
            queue += [((*place, key), inner) for key, inner in value.items()]
        elif isinstance(value, list) and _holds_list(value):
            queue += [((*place, number), inner) for number, inner in enumerate(value)]
    yield from keys


def _holds_list(value: list[Any]) -> bool:
    """Return whether a list has the records beside something else: [{"page": 1}, [...]]."""
    return len(value) == 2 and isinstance(value[0], dict) and isinstance(value[1], list)


def _at(page: Any, keys: list[str | int]) -> list[Any]:
    """Return the list in a place of a page, [] if there is none."""
    for key in keys:
        try:
            page = page[key]
        except (KeyError, IndexError, TypeError):
            return []
    return page if isinstance(page, list) else []
