"""Formats: the grammar of each kind of file, read by contract and written in its strict form."""
