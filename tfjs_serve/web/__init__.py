"""HTTP: pure functions that decide, thin aiohttp handlers that carry out."""
