"""`Approvals` over the REST API, by the standard library's HTTP client.

The terminal starts with this and little else: nothing here may import aiohttp,
httpx, SQLAlchemy, structlog or pydantic.
"""

from core.remote.approvals import HttpApprovals

__all__ = ["HttpApprovals"]
