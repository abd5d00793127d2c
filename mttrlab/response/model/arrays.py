"""The kinds of arrays that the simulation passes about."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

Floats = npt.NDArray[np.float64]

Value = float | np.ndarray
"""One number for all incidents, or one per incident."""
