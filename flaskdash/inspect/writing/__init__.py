"""The code that reads a source: pandas, or DuckDB for big files."""
