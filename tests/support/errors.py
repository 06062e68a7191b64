"""Checks of error messages."""

import re

from flaskdash.errors import FlaskdashError


def has_remedy(error: FlaskdashError) -> bool:
    """Tell whether an error says what to do, in its hint or in a second sentence."""
    return bool(error.hint) or re.search(r"\. [A-Z]", error.message) is not None
