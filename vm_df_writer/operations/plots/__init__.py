"""Pictures of frames, and of what was written."""
