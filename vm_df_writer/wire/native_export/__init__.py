"""``/api/v1/export/native``: blocks of samples as the server stores them."""
