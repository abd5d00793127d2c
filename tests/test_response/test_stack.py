"""Room on Python's stack."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from mttrlab.response.engines.compiled import roomy

DEEP = """
from mttrlab.response.engines.compiled import roomy
import os, sys

def leaf(a, b, c):
    return a

def loop():
    os.write(2, b"begin")
    for k in range(50):
        leaf(k, k, k)
    os.write(2, b"end")

def below(depth, call):
    return call() if depth == 0 else below(depth - 1, call)

for depth in range(500):
    below(depth, LOOP)
"""


def asked(loop: str) -> int:
    """Return how often a program asks the system for a piece of stack while a loop runs, at five hundred depths."""
    ran = subprocess.run(
        ["strace", "-f", "-e", "trace=mmap,write", sys.executable, "-c", DEEP.replace("LOOP", loop)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loops = re.findall(r'write\(2, "begin".*?write\(2, "end"', ran.stderr, re.DOTALL)
    assert len(loops) == 500
    return sum(one.count("mmap(NULL, 16384,") for one in loops)


def test_what_is_called_with_room_gives_and_raises_what_it_would_have():
    assert roomy(sorted)([3, 1, 2], reverse=True) == [3, 2, 1]
    with pytest.raises(ValueError, match="not enough"):
        (lambda: roomy(_unpack)([1]))()


def _unpack(values):
    a, b = values
    return a + b


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace, so nobody sees what is asked of the system")
def test_a_loop_with_room_asks_the_system_for_no_stack_at_any_depth():
    assert asked("loop") > 100
    assert asked("roomy(loop)") == 0
