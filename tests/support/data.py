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


COUNTRIES = ("Aruba", "Austria", "Benin", "Chile", "Denmark", "Egypt", "France", "Ghana")
YEARS = range(1990, 2012)


def world_bank_csv(indicator: str, code: str) -> str:
    """Return a file in the World Bank's layout: a column for each year, below four lines."""
    names = ["Country Name", "Country Code", "Indicator Name", "Indicator Code", *map(str, YEARS)]
    lines = ['"Data Source","World Development Indicators",', "", '"Last Updated Date","2024",', ""]
    lines.append(",".join(f'"{name}"' for name in names) + ",")
    for number, country in enumerate(COUNTRIES):
        cells = [country, country[:3].upper(), indicator, code]
        cells += [f"{(number + 2) * (year - 1980) * 1.7:.2f}" for year in YEARS]
        lines.append(",".join(f'"{cell}"' for cell in cells) + ",")
    return "\n".join(lines)
