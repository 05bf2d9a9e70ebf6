"""What a server reports of itself."""
