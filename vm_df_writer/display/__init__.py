"""How things are shown; knows nothing of the rest."""
