"""Helpers: what several charts use. Add your own functions here."""

from app.engine.formats import number, words

__all__ = ["number", "words"]
