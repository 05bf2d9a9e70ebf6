"""Series -> the columns of wide, long and melted frames."""
