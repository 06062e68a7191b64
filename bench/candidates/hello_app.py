"""Flask's hello-world: the most requests a second that a Flask app can hope for."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """Answer with a constant."""
    return "Hello, World!"
