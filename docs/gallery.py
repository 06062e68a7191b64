"""Take the pictures of the gallery: python docs/gallery.py (needs Chromium, and the group `docs`).

They show what `flaskdash new` makes without a hand's help: of its sample, and of made-up sales.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
OUT = HERE / "gallery"
COLOURS = 128  # of a picture's palette: a quarter of the size, and it cannot be seen
FLASKDASH = Path(sys.executable).with_name("flaskdash")
sys.path.insert(0, str(HERE.parent / "bench"))
import sales  # noqa: E402


def main() -> None:
    """Create the projects, and take each screenshot."""
    OUT.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        executable = shutil.which("chromium") or shutil.which("chromium-browser")
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        work = Path(folder)
        new(work, "flights", "--title", "Flights from New York")
        sales.write(work / "sales.csv", rows=20_000)
        new(work, "sales", "--title", "Furniture sales", "--data", str(work / "sales.csv"))
        with serving(work / "flights", work / "flights") as url:
            save("dashboard", shot(chromium, url), HERE)
            save("dark", shot(chromium, url, dark=True))
            phones = [
                shot(chromium, url, width=390, most=1800, dark=dark) for dark in (False, True)
            ]
            save("phone", beside(phones))
            save("chart", shot(chromium, url + first_chart(url), most=1200))
        with serving(work / "sales", work / "flights") as url:
            save("sales", shot(chromium, url))
            save("tablet", shot(chromium, url, width=768, most=1800, dark=True))
            save("wide", shot(chromium, url, width=1920))


def new(work: Path, *args: str) -> None:
    """Create a project; the first one installs the environment for all."""
    bare = ("--no-install",) if any(work.glob("*/.venv")) else ()
    subprocess.run([FLASKDASH, "new", *args, "--no-git", *bare], cwd=work, check=True)


@contextmanager
def serving(project: Path, environment: Path) -> Iterator[str]:
    """Run a project, and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    command = [str(environment / ".venv/bin/flask"), "--app", "app", "run", "--port", str(port)]
    process = subprocess.Popen(command, cwd=project, env=variables | {"FLASK_DEBUG": "1"})
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(url).close()
                break
            except OSError:  # not yet up, or its data is still being read
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def first_chart(url: str) -> str:
    """Return the path of the page of the first chart that is a figure."""
    with urllib.request.urlopen(url) as answer:
        text = answer.read().decode()
    return str(text.split('class="table-link" href="')[1].split("#")[0])


def shot(
    chromium: Browser, url: str, *, width: int = 1280, most: int = 9_999, dark: bool = False
) -> Image.Image:
    """Return a screenshot of a page, at most MOST pixels high."""
    scheme = "dark" if dark else "light"
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(url, wait_until="networkidle")
    for figure in page.locator(
        ".chart"
    ).all():  # charts far below are drawn when they come near the window
        figure.scroll_into_view_if_needed()
        figure.locator(".main-svg").first.wait_for(state="attached")
    page.evaluate("() => scrollTo(0, 0)")
    page.mouse.move(0, 0)
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    page.close()
    return picture.crop((0, 0, picture.width, min(most, picture.height)))


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Return pictures side by side."""
    gap = 24
    wide = sum(picture.width for picture in pictures) + gap * (len(pictures) - 1)
    together = Image.new("RGB", (wide, max(picture.height for picture in pictures)), "#ffffff")
    left = 0
    for picture in pictures:
        together.paste(picture, (left, 0))
        left += picture.width + gap
    return together


def save(name: str, picture: Image.Image, folder: Path = OUT) -> None:
    """Write a picture with a small palette."""
    small = picture.convert("RGB").quantize(
        COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )
    path = folder / f"{name}.png"
    small.save(path, optimize=True)
    print(f"{path.relative_to(HERE.parent)}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
