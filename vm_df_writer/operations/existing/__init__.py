"""What a write does where the server has samples of the same series and times already."""
