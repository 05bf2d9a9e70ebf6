"""What the columns of a frame are: its time, its labels and its values."""
