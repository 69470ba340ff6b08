"""Files in, tidy GeoDataFrames out, with everything that was seen on the way."""
