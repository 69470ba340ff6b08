"""Geometry in, geometry out: the overlay engine, buffers, corridors, networks."""
