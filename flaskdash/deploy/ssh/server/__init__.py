"""The server's side of a deploy: run by a Python there, with its standard library alone.

These modules come over ssh on standard input, followed by a line of JSON that says what to do, and
by the files. They print a line of JSON for each thing that they say; the last one says what was `done` or has `failed`.

    releases/NAME/      app/ (the project), run (how it starts), .venv, instance/ (its snapshots)
    current             -> the release that is live
    environments/KEY/   packages; releases with the same ones share them
    wheels/             what those were installed from
    shared/             .env, and instance/ for what the project itself keeps

Nothing that is live is changed. A new release is made beside the others, and tried on a socket of
its own. Only then it starts on the port, where the old one goes on until the new one has answered.
`current` is moved by one rename. So, wherever this is cut off, `current` and all that it needs
are whole, and `settle` clears up the rest the next time.
"""
