"""Serve the project in the current folder: python child OPTIONS, an Options in JSON.

The parent writes commands to standard input, one a line: {"changed": ["app/charts/x.py"]} or
{"restart": true}. When it closes the input, or is killed, this process and its workers stop.
"""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flaskdash.serve.child import keeper, worker
else:
    import keeper  # Python puts the folder that it runs on sys.path
    import worker

if __name__ == "__main__":
    options = worker.Options(**json.loads(sys.argv[1]))
    sys.path[0] = str(Path.cwd())
    if len(sys.argv) > 2:  # a worker that was not forked: see keeper.py
        # Its pipe for reports is its output, so what the project prints goes to standard error.
        commands, reports = os.dup(0), os.dup(1)
        os.dup2(2, 1)
        worker.run(options, worker.Start(**json.loads(sys.argv[2])), commands, reports)
    keeper.Keeper(options).run()
