"""CSV and its kin: text in lines and cells."""
