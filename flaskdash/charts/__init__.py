"""Columns -> charts: the kinds, whether flags fit the data, the SQL; suggest/ ranks them."""
