"""The official formula of the land survey (国土调查办发〔2008〕32号), as an independent check: sums of ellipsoidal trapezoids.

It knows nothing of PROJ's geodesics or of the equal-area projection. Constants of CGCS2000.
"""

from __future__ import annotations

import math

import numpy as np

A_AXIS = 6378137.0
B_AXIS = 6356752.31414036


def trapezoid(b1: float, b2: float, d_lon: float) -> float:
    """Area between two latitudes, `d_lon` wide; radians, square metres."""
    e2 = (A_AXIS**2 - B_AXIS**2) / A_AXIS**2
    a = 1 + 3 / 6 * e2 + 30 / 80 * e2**2 + 35 / 112 * e2**3 + 630 / 2304 * e2**4
    b = 1 / 6 * e2 + 15 / 80 * e2**2 + 21 / 112 * e2**3 + 420 / 2304 * e2**4
    c = 3 / 80 * e2**2 + 7 / 112 * e2**3 + 180 / 2304 * e2**4
    d = 1 / 112 * e2**3 + 45 / 2304 * e2**4
    e = 5 / 2304 * e2**4
    db, bm = b2 - b1, (b1 + b2) / 2
    series = (
        a * math.sin(db / 2) * math.cos(bm)
        - b * math.sin(3 * db / 2) * math.cos(3 * bm)
        + c * math.sin(5 * db / 2) * math.cos(5 * bm)
        - d * math.sin(7 * db / 2) * math.cos(7 * bm)
        + e * math.sin(9 * db / 2) * math.cos(9 * bm)
    )
    return 2 * B_AXIS**2 * d_lon * series


def ring_area(lon: np.ndarray, lat: np.ndarray) -> float:
    """Area of a closed ring in degrees, square metres: trapezoids between each edge and a local meridian."""
    lon, lat = np.radians(lon), np.radians(lat)
    meridian = lon.mean()
    total = 0.0
    for i in range(len(lon) - 1):
        total += trapezoid(lat[i], lat[i + 1], (lon[i] + lon[i + 1]) / 2 - meridian)
    return abs(total)
