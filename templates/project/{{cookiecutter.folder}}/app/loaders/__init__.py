"""Loaders: each file reads one data set. To add one is to create a file; to remove, delete it.

A loader defines SOURCE, the path that it reads, and load(), which returns a pandas DataFrame or a
DuckDB relation. Files that begin with _ are skipped.
"""
