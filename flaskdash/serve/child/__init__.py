"""The process that runs the project in dev mode; it imports stdlib, Flask and Werkzeug only.

The project's Python runs this folder by its path (see `__main__.py`), so flaskdash does not have to
be installed in the project's environment.
"""
