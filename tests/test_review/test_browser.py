"""The page in a real browser: the first screen is one screen, and nothing leaves the page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mttrlab.lab import Lab
from mttrlab.review import write_review

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1280,800",
)  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("organisation", ["exports", "small"])
def test_the_first_screen_fits_a_projector(organisation: str, root: Path, chromium: str, tmp_path: Path) -> None:
    from selenium import webdriver

    with Lab() as lab:
        lab.load_folder(root / "data" / organisation)
        path = write_review(lab, tmp_path / "out", replications=2)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'browser'}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as browser:
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False},
        )
        browser.get(path.as_uri())
        bottom = browser.execute_script(
            "return document.querySelector('#first-screen .below').getBoundingClientRect().bottom"
        )
        assert bottom <= 800
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 1280
        assert (
            browser.execute_script(
                "return performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length"
            )
            == 0
        )
        broken = browser.execute_script("return [...document.images].filter(i => !i.naturalWidth).length")
        assert broken == 0
