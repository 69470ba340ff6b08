"""GeoDataFrames in, pictures out: the offline web map and the figure for the plan document."""
