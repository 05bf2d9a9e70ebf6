"""Columns become the timestamps and values of samples."""
