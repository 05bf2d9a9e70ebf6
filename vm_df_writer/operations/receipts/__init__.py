"""Receipts: kept in files, and compared with what the server has."""
