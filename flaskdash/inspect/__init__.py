"""Inspect a source: work out how to read it, and what its columns mean."""

from flaskdash.inspect.model import Column, Inspection, Read
from flaskdash.inspect.source import inspect_source

__all__ = ["Column", "Inspection", "Read", "inspect_source"]
