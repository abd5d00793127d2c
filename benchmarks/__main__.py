"""`python -m benchmarks` measures again what `benchmarks/README.md` claims, one study after the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run every study of this folder in a process of its own; return 1 if one of them failed."""
    failed = []
    # A freeze needs a folder, and another run to stand against.
    studies = {path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")} - {"frozen"}
    for study in sorted(studies):
        print(f"\n== python -m benchmarks.{study}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{study}"], check=False).returncode:
            failed.append(study)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
