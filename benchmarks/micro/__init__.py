"""Cases for pytest-benchmark, one file for each function that takes time.

``make bench-compare BASE=<commit>`` runs them against another commit too.
"""
