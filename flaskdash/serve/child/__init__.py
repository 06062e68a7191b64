"""The process of dev mode that runs the project: stdlib, Flask and Werkzeug only.

The project's Python starts this folder by its path (see `__main__.py`), so that flaskdash need not
be installed in the project's environment.
"""
