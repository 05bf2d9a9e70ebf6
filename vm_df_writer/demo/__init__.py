"""A frame of anomaly scores to show, and its picture."""
