"""What formatting costs in time, bytes and memory, without a server."""
