"""A closed outline beside areas may be an area: it stops, and is never left out in silence."""

import geopandas as gpd
import shapely

from ecospace.layers.repair import assess

SQUARE = shapely.box(500_000, 2_500_000, 500_100, 2_500_100)
FAR = shapely.box(500_500, 2_500_000, 500_600, 2_500_100)


def judged(*parts):
    frame = gpd.GeoDataFrame(geometry=[shapely.GeometryCollection(parts)], index=["R1"], crs=4547)
    kept, findings = assess(frame)
    return len(kept), [finding.code for finding in findings if finding.level == "error"]


def test_a_closed_outline_in_a_collection_stops():
    assert judged(SQUARE, FAR.exterior) == (0, ["E-GEO-38"])


def test_a_stray_open_line_is_left_out_and_said():
    assert judged(SQUARE, shapely.LineString([(0, 0), (10, 10)])) == (1, [])
