"""What a job keeps on disk, so that it can be resumed."""
