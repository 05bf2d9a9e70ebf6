"""Files become DataFrames, whole or part by part."""
