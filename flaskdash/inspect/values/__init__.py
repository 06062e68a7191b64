"""From text to values: numbers, dates, missing values."""
