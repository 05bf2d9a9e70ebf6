"""Worker processes, and what they are given to do."""
