"""The commands and their options, one file each; what a command does is imported when it runs."""
