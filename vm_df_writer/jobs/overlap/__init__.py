"""Samples of one series at one time that come from two parts of a job."""
