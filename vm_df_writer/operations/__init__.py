"""What a writer does, one file each."""
