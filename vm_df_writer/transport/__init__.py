"""The one door to HTTP."""
