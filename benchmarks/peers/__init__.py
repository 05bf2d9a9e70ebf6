"""Other ways to write the same frames, and the least that could be done."""
