"""Read back what a server holds, and compare it with what was sent."""
