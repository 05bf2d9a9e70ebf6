"""What a write costs into a real server."""
