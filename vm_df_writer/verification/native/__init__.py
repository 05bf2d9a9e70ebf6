"""Blocks of samples as the server stores them: read and compared at a part of an export's cost."""
