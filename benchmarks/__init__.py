"""Benchmarks of vm_df_writer: its goals, its peers, and the way to a server.

``python -m benchmarks`` runs them in some minutes, ``--full`` on large frames, ``--small`` in
seconds. See README.md.
"""
