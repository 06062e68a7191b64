"""Sandbox: a process that runs the SQL of an assistant over the rows that it is told, and ends.

DuckDB runs SQL with all rights of its process. This one has no secrets in its environment, limits of
time and memory, and when the SQL runs, no access to files and the network any more.
"""

import json
import sys
from threading import Timer

import duckdb


def main(most_rows: int, memory: int, seconds: int) -> None:
    """Read tables and SQL from standard input, and print the answer as JSON."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (2 * seconds, 2 * seconds))
        resource.setrlimit(resource.RLIMIT_AS, (4 * memory, 4 * memory))
    order = json.load(sys.stdin)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": f"{memory // 2**20}MB",
        "python_enable_replacements": "false",
        "threads": "2",
    }
    connection = duckdb.connect(config=settings)
    for name, (rows, values) in order["tables"].items():
        quoted = name.replace('"', '""')
        connection.execute(f'CREATE TABLE "{quoted}" AS SELECT * FROM {rows}', values)
    for setting in ("enable_external_access = false", "lock_configuration = true"):
        connection.execute(f"SET {setting}")
    statements = connection.extract_statements(order["sql"])
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        sys.exit("Send one SELECT.")
    timer = Timer(seconds, connection.interrupt)
    timer.start()
    try:
        answer = connection.execute(statements[0])
        columns = [column[0] for column in answer.description or []]
        fetched = answer.fetchmany(most_rows + 1)
    except duckdb.Error as error:
        sys.exit(str(error).splitlines()[0])
    finally:
        timer.cancel()
    result = {"columns": columns, "rows": fetched[:most_rows], "more": len(fetched) > most_rows}
    print(json.dumps(result, default=str))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
