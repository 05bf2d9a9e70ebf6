"""Columns and templates become the label sets of series."""
