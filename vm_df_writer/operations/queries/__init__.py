"""What a writer asks a server for: samples, the results of expressions, differences."""
