"""Loaders: each file reads one data set. To add one is to create a file; to remove, delete it.

A loader defines SOURCE, the path that it reads or a list of them, and load(), which returns a pandas
DataFrame or a DuckDB relation. It is read again when a file changes and, with REFRESH = "15m" (or
"30s", "1d"), when its snapshot is older; then it needs no SOURCE. With LIVE = True and a TABLE, a
class of app/engine/database.py, its charts query the database itself.

Who signs in may see some of the rows alone: visible(user) returns {"region": user.region}, or a
list of values, or ("region = $r OR owner = $o", {"r": ..., "o": ...}), or None for all rows. It
holds wherever the rows are shown, counted, offered or downloaded. Nobody else sees any.
With MAY_BE_EMPTY = True, the tests accept that there are no rows yet.

ROLES = {"month": "category", "score": "mean"} corrects how flaskdash understands its columns, and
UNITS = {"price": "$"} their units. Files that begin with _ are skipped.
"""
