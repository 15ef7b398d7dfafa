"""HTTP: pure functions decide what to answer, and thin aiohttp handlers carry it out."""
