"""The advisors' pages: queue, thread, learning, figures, accounts."""

from admin.console.site import routes

__all__ = ["routes"]
