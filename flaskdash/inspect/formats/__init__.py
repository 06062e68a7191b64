"""The formats of sources: a module for each."""
