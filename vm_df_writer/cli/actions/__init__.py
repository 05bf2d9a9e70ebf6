"""What the commands do and print, one file each; imported when one runs."""
