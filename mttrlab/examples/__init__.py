"""Made-up organisations with the truth that made them, as files in vendors' own formats.

Nothing here uses the response simulator: a fit must not be tested against itself.
"""

from mttrlab.examples.catalogue import ORGANISATIONS, organisation, write_examples
from mttrlab.examples.organisation import Facts, Organisation

__all__ = ["ORGANISATIONS", "Facts", "Organisation", "organisation", "write_examples"]
