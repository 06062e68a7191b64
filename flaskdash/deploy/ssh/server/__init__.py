"""The server's side of a deploy: run by a Python there, with its standard library alone.

These modules arrive over ssh on standard input, followed by a request (a line of JSON) and by the
files that belong to it. They print a line of JSON for each message; the last one holds a `result`
or an `error`.

    releases/NAME/      app/ (the project), run (how it starts), .venv, instance/ (its snapshots)
    current             -> the release that is live
    environments/KEY/   packages; releases with the same packages share them
    wheels/             the files that the packages were installed from
    shared/             .env, and instance/ for the files that the project itself writes

A deploy never changes the live release. It builds the new release in a folder of its own and tries
it on a socket of its own. Only then does the new release start on the port, while the old one runs
on until the new one has answered. `current` moves by one rename. So wherever a deploy is
interrupted, `current` and all that it needs are complete, and `recover` cleans up the next time.
"""
