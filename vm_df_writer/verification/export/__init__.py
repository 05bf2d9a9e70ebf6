"""The samples of series as the server has them, read in requests that it can bear."""
