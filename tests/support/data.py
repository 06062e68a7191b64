"""Small data files."""

from __future__ import annotations

from collections.abc import Callable

REGIONS = ("North", "South", "East", "West")
PRODUCTS = ("Tea", "Coffee", "Cocoa")
PLACES = [
    *[("France", "TX", 2.3, 48.9), ("Côte d'Ivoire", "CA", -4.0, 5.3), ("USA", "NY", -74.0, 40.7)],
    *[("Trinidad & Tobago", "WA", -61.5, 10.7), ("DE", "FL", 13.4, 52.5)],
]


def sales_csv(rows: int = 360) -> str:
    """Return sales as CSV: a row a day, with a region, a product and two measures."""
    lines = ["date,region,product,units,revenue"]
    for n in range(rows):
        day = f"{2023 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}"
        units = 3 + (n * 7) % 11
        revenue = f"{units * (4.5 + n % 3):.2f}"
        lines.append(f"{day},{REGIONS[n * 5 % 7 % 4]},{PRODUCTS[n % 3]},{units},{revenue}")
    return "\n".join(lines) + "\n"


def rows(line: Callable[[int], str], count: int = 40) -> str:
    return "\n".join(line(number) for number in range(count)) + "\n"
