"""The HTTP edge of every service: routes with a permission and a unit of work, problems, pages (design §10)."""

from shared.web.paging import Page, PageQuery, paginate
from shared.web.route import Permit, Router, Unit, permit, public
from shared.web.wire import Wire

__all__ = ["Page", "PageQuery", "Permit", "Router", "Unit", "Wire", "paginate", "permit", "public"]
