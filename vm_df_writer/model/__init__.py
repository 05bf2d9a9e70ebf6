"""The values that the floors hand to each other."""
