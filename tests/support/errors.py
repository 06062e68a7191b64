"""Checks of error messages."""

import re

from flaskdash.errors import FlaskdashError


def has_remedy(error: FlaskdashError) -> bool:
    """Return whether an error has a remedy, in its hint or in a second sentence."""
    return bool(error.hint) or re.search(r"\. [A-Z]", error.message) is not None
