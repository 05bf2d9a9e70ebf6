"""The delivery floor: request bodies go to the server, and what landed is read back."""
