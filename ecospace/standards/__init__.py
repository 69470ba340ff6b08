"""Dated data, each with its source: kinds, codes, definitions, indicator sets, colours, datums."""
