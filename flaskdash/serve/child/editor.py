"""Open a file in the editor of $VISUAL or $EDITOR, if that is one with a window of its own."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from threading import Thread

# What follows the command, by the name of the program.
ARGUMENTS = {
    **dict.fromkeys(("code", "codium", "cursor", "windsurf"), ("--goto", "{file}:{line}")),
    **dict.fromkeys(("subl", "zed", "zeditor", "mate"), ("{file}:{line}",)),
    **dict.fromkeys(("idea", "pycharm", "charm"), ("--line", "{line}", "{file}")),
    **dict.fromkeys(("gedit", "gvim"), ("+{line}", "{file}")),
    "kate": ("--line", "{line}", "{file}"),
}


def command() -> list[str]:
    """Return the words of the editor's command, or none: an editor in a terminal has no window."""
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    program = shutil.which(words[0]) if words else None
    return words if program and Path(words[0]).stem in ARGUMENTS else []


def open_at(file: Path, line: int) -> None:
    """Open a file at a line."""
    words = command()
    if words:
        places = ARGUMENTS[Path(words[0]).stem]
        arguments = [part.format(file=file, line=line) for part in places]
        command_line = [*words, *arguments]
        process = subprocess.Popen(command_line, stdin=subprocess.DEVNULL, start_new_session=True)
        Thread(target=process.wait, daemon=True).start()  # else it stays as a zombie
