"""Clocks, medians, frames, servers: what all parts of the benchmarks measure with."""
