"""GeoDataFrames in, tidy tables out: coverage, cover, accounts, change, indicators."""
