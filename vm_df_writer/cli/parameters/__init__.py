"""How options are declared, grouped and loaded."""
