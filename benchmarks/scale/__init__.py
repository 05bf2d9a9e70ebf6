"""The model behind docs/scale.md."""
