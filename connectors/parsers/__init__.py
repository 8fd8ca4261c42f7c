"""Parsers: one file a format, each turning an open file into entries."""
