"""The REST API on aiohttp."""
