"""flaskdash: turn a data file into a live web dashboard in plain Flask."""

__version__ = "0.1.0"
