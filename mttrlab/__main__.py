"""`python -m mttrlab` is `mttrlab`."""

import sys

from mttrlab.cli import main

sys.exit(main())
