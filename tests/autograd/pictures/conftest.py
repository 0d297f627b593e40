"""A browser for the explorer's page, and what a page must not do in it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from autograd.core import choice

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = {"width": 1280, "height": 720}


@pytest.fixture(scope="session")
def browser(engine: str) -> Iterator[Any]:
    if engine != choice.available()[0]:
        pytest.skip("both engines give the same page, as test_explorer shows")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed (extra: browser)"
    )
    if "asan" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("a browser does not run with the sanitizers")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser on the path: none of {', '.join(BROWSERS)}")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=SWITCHES)
        yield chromium
        chromium.close()


class Tab:
    """A window, in which one page after another opens: a new one takes a second.

    It records what should not happen: errors, dialogs, requests.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.trouble: list[str] = []
        self.requests: list[str] = []
        self.files: list[str] = []
        page.on("console", lambda message: self.trouble.append(message.text))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("dialog", lambda dialog: self.trouble.append(dialog.message))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, file: Path, viewport: dict[str, int], **media: str) -> None:
        self.page.set_viewport_size(viewport)
        self.page.emulate_media(**media)
        self.page.mouse.move(0, 0)
        self.files.append(file.as_uri())
        self.page.goto(self.files[-1])

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def box(self, name: str) -> Any:
        return self.page.locator(f'.box[aria-label^="{name},"]')

    def numbers(self, row: str) -> list[str]:
        """What the boxes show in one row, in topological order."""
        return self.page.eval_on_selector_all(  # type: ignore[no-any-return]
            f".box .{row}", "all => all.map(text => text.textContent)"
        )

    def wait(self, condition: str) -> None:
        """Until it holds; Playwright's own way needs eval, which the page forbids."""
        end = time.monotonic() + 20
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, condition
            self.page.wait_for_timeout(20)

    def adjoints(self) -> list[float]:
        """The adjoints that the steps have come to, in topological order."""
        found = self.page.evaluate(
            "() => { const done = position - inner.length - 1;"
            " const { adjoints } = swept(Math.max(0, done));"
            " return nodes.map(n => adjoints.has(n) ? exact(adjoints.get(n)) : 'nan') }"
        )
        return [float(text) for text in found]


@pytest.fixture(scope="session")
def windows(browser: Any) -> Callable[[float], Tab]:
    """A window for each scale of a screen."""
    return cache(lambda scale: Tab(browser.new_page(device_scale_factor=scale)))


@pytest.fixture
def open_tab(windows: Callable[[float], Tab], tmp_path: Path) -> Iterator[Any]:
    used: list[Tab] = []

    def opened(
        text: str,
        viewport: dict[str, int] = SIZE,
        color_scheme: str = "light",
        reduced_motion: str = "no-preference",
        device_scale_factor: float = 1,
    ) -> Tab:
        file = tmp_path / f"graph{len(used)}.html"
        file.write_text(text, encoding="utf-8")
        used.append(windows(device_scale_factor))
        used[-1].open(
            file, viewport, color_scheme=color_scheme, reduced_motion=reduced_motion
        )
        return used[-1]

    yield opened
    for tab in dict.fromkeys(used):
        trouble, requests, files = tab.trouble[:], tab.requests[:], tab.files[:]
        for record in (tab.trouble, tab.requests, tab.files):
            record.clear()
        assert trouble == []
        assert requests == files
