"""What every test may lean on: the reference material beside the checkout, and parts that may be required."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
_REQUIRED = set(filter(None, os.environ.get("MTTRLAB_REQUIRE", "").split(",")))


# How long one example takes says how busy the machine is, and nothing about what is tested.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# A shell that starts the tests in the background lets them, and all that they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Let Python's collector look less often at the thousands of tests, which live to the end."""
    gc.set_threshold(100_000, 20, 100)


def absent(part: str, reason: str) -> None:
    """Skip with the reason, or fail where `MTTRLAB_REQUIRE` says that the part must be there."""
    if part in _REQUIRED:
        pytest.fail(f"{part} is required here, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Reference material that lies beside the checkout: known answers, real exports."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        absent("shared", "the reference material is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that can be driven."""
    path = shutil.which("chromium")
    if path is None or shutil.which("chromedriver") is None:
        absent("chromium", "chromium and chromedriver are not installed")
    return str(path)
