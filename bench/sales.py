"""The data of the benches: sales that are the same on every machine."""

import csv
import random
from datetime import date, timedelta
from pathlib import Path

ROWS = 100_000
FIRST = date(2023, 1, 1)
DAYS = 3 * 365
REGIONS = {"North": 1.0, "South": 0.8, "East": 1.2, "West": 1.45, "Centre": 0.7, "Islands": 1.7}
PRODUCTS = {
    "Lamp": 39.0,
    "Desk": 249.0,
    "Chair": 129.0,
    "Shelf": 89.0,
    "Sofa": 599.0,
    "Rug": 119.0,
    "Mirror": 59.0,
    "Clock": 29.0,
    "Bench": 149.0,
    "Stool": 45.0,
    "Cabinet": 329.0,
    "Bed": 449.0,
}
CHANNELS = ("shop", "web", "phone")


def write(path: Path, rows: int = ROWS) -> None:
    """Write the sales as a CSV file: a row for each order, over three years."""
    chance = random.Random(20_230_101)
    regions, products = list(REGIONS.items()), list(PRODUCTS.items())
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("order_date", "region", "product", "channel", "quantity", "price", "revenue"))
        for _ in range(rows):
            day = FIRST + timedelta(days=int(DAYS * chance.betavariate(1.3, 1.0)))
            region, level = chance.choice(regions)
            product, base = chance.choice(products)
            price = round(base * level * chance.uniform(0.85, 1.15), 2)
            quantity = 1 + min(9, int(chance.expovariate(0.7)))
            channel = chance.choice(CHANNELS)
            revenue = round(price * quantity, 2)
            out.writerow((day.isoformat(), region, product, channel, quantity, price, revenue))
