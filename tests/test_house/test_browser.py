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


@pytest.mark.browser
def test_the_review_notebook_runs_whole_in_jupyterlab(jupyter: tuple[str, str], chromium: str, tmp_path: Path) -> None:
    from selenium import webdriver
    from selenium.webdriver.support.ui import WebDriverWait

    address, token = jupyter
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*QUIET, f"--user-data-dir={tmp_path}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as browser:
        browser.set_script_timeout(240)
        browser.get(f"{address}/lab/tree/notebooks/10_monthly_review.ipynb?token={token}")
        wait = WebDriverWait(browser, 90)
        wait.until(lambda page: page.execute_script("return !!window.jupyterapp"))
        wait.until(lambda page: page.execute_script(
            "const p = window.jupyterapp.shell.currentWidget;"
            "return !!(p && p.sessionContext && p.sessionContext.isReady"
            " && p.sessionContext.session && p.sessionContext.session.kernel)"
        ))  # fmt: skip
        browser.execute_async_script(
            "const done = arguments[0]; window.jupyterapp.commands.execute('notebook:run-all-cells').then(done, done)"
        )
        cells = browser.execute_script(
            "return window.jupyterapp.shell.currentWidget.model.sharedModel.toJSON().cells"
            ".filter(c => c.cell_type === 'code')"
        )
        assert len(cells) >= 4
        errors = [o for cell in cells for o in cell["outputs"] if o["output_type"] == "error"]
        assert not errors
        assert all(cell["execution_count"] for cell in cells)
        page = [o for cell in cells for o in cell["outputs"] if "text/html" in o.get("data", {})]
        assert page, "the review is shown as a page"
