"""What a caller can set: the configuration of a writer, and how a frame is to be read."""
