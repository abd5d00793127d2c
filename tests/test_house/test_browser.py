"""The notebooks in real JupyterLab, driven in a real browser as a reader would."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1280,800",
)  # fmt: skip


@pytest.fixture(scope="module")
def jupyter(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A JupyterLab server over a copy of the notebooks; its address and token."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(root / "notebooks", home / "notebooks")
    shutil.copytree(root / "data", home / "data")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    state = {f"JUPYTER_{part}_DIR": str(home / part.lower()) for part in ("CONFIG", "DATA", "RUNTIME")}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={home}", "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    server = subprocess.Popen(
        command, env={**os.environ, **state}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                with urlopen(f"{address}/api", timeout=2):
                    break
            except (URLError, OSError):
                assert server.poll() is None, "JupyterLab stopped before it answered"
                time.sleep(0.2)
        else:
            pytest.fail("JupyterLab did not answer within a minute")
        yield address, token
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture
def browser(chromium: str, tmp_path: Path) -> Iterator[Any]:
    """A Chromium of its own."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*QUIET, f"--user-data-dir={tmp_path}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as page:
        page.set_script_timeout(240)
        yield page


def run_all(browser: Any, jupyter: tuple[str, str], name: str) -> list[dict]:
    """Open a notebook, run all of it, and return its code cells; none of them may have failed."""
    from selenium.webdriver.support.ui import WebDriverWait

    address, token = jupyter
    browser.get(f"{address}/lab/tree/notebooks/{name}?token={token}")
    wait = WebDriverWait(browser, 90)
    wait.until(lambda page: page.execute_script("return !!window.jupyterapp"))
    wait.until(lambda page: page.execute_script(
        "const p = window.jupyterapp.shell.currentWidget;"
        "return !!(p && p.sessionContext && p.sessionContext.isReady"
        " && p.sessionContext.session && p.sessionContext.session.kernel)"
    ))  # fmt: skip
    wait.until(lambda page: page.execute_script(
        "const k = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;"
        "return k.status === 'idle' && k.connectionStatus === 'connected'"
    ))  # fmt: skip
    for _ in range(3):
        browser.execute_async_script(
            "const done = arguments[0]; window.jupyterapp.commands.execute('notebook:run-all-cells').then(done, done)"
        )
        # The counts come a moment after the command is done; on a busy machine the lab may drop it, and is asked again.
        for _ in range(40):
            if failures(code_cells(browser)) or all(cell["execution_count"] for cell in code_cells(browser)):
                break
            time.sleep(0.5)
        else:
            continue
        break
    cells = code_cells(browser)
    assert not failures(cells)
    assert all(cell["execution_count"] for cell in cells)
    return cells


def code_cells(browser: Any) -> list[dict]:
    """Return the code cells of the notebook that is open, with their outputs."""
    cells: list[dict] = browser.execute_script(
        "return window.jupyterapp.shell.currentWidget.model.sharedModel.toJSON().cells"
        ".filter(c => c.cell_type === 'code')"
    )
    return cells


def failures(cells: list[dict]) -> list[dict]:
    """Return what cells put out as errors."""
    return [o for cell in cells for o in cell["outputs"] if o["output_type"] == "error"]


@pytest.mark.browser
def test_the_review_notebook_runs_whole_in_jupyterlab(jupyter: tuple[str, str], browser: Any) -> None:
    cells = run_all(browser, jupyter, "10_monthly_review.ipynb")
    assert len(cells) >= 4
    page = [o for cell in cells for o in cell["outputs"] if "text/html" in o.get("data", {})]
    assert page, "the review is shown as a page"


@pytest.mark.browser
@pytest.mark.soak  # half a minute of a free core: on a busy machine the browser gives up first
def test_the_numbers_follow_a_slider_while_it_is_dragged(jupyter: tuple[str, str], browser: Any) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    run_all(browser, jupyter, "08_what_if.ipynb")
    browser.execute_script(
        "const book = window.jupyterapp.shell.currentWidget.content;"
        "book.activeCellIndex = book.widgets.length - 1; book.scrollToItem(book.widgets.length - 1)"
    )
    wait = WebDriverWait(browser, 60)

    def shown() -> str:
        return browser.find_element(By.CSS_SELECTOR, ".widget-html-content svg, .widget-html-content p").find_element(
            By.XPATH, "ancestor::*[contains(@class, 'widget-html-content')]"
        ).text  # fmt: skip

    wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, ".widget-html-content p"))
    assert "Nothing is moved yet" in shown(), shown()
    slider = browser.find_element(
        By.XPATH, "//*[contains(@class, 'widget-slider')][contains(., 'diagnosis takes this many times as long')]"
    )
    handle = slider.find_element(By.CSS_SELECTOR, ".noUi-handle")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", slider)
    ActionChains(browser).click_and_hold(handle).move_by_offset(-40, 0).perform()
    wait.until(lambda page: "per incident saved" in shown())
    held = shown()
    assert "luck" in held
    headline = browser.find_element(By.XPATH, "//p[contains(., 'per incident saved')]")
    above = browser.execute_script("return arguments[0].getBoundingClientRect().top", headline)
    assert 80 < above < browser.execute_script("return arguments[0].getBoundingClientRect().top", handle), above
    ActionChains(browser).move_by_offset(-40, 0).perform()
    wait.until(lambda page: "per incident saved" in shown() and shown() != held)
    ActionChains(browser).release().perform()
    if picture := os.environ.get("MTTRLAB_PICTURE"):
        browser.save_screenshot(picture)
