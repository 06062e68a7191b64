"""Run a loader in the project's environment: python run_loader.py LOADER.py RESULT.parquet."""

import importlib.util
import sys

import duckdb


def main(loader: str, result: str) -> None:
    """Write the loader's result, a DataFrame or a DuckDB relation, as Parquet."""
    spec = importlib.util.spec_from_file_location("loader", loader)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    data = module.load()
    with duckdb.connect() as connection:
        relation = data if hasattr(data, "write_parquet") else connection.from_df(data)
        relation.write_parquet(result)


if __name__ == "__main__":
    sys.path.insert(0, ".")  # a loader may import from the project
    main(*sys.argv[1:])
