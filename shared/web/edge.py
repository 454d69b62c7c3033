"""What the routes of one service need from it; kept on the app's state by `create_service`."""

from dataclasses import dataclass

from starlette.requests import Request

from shared import clock
from shared.china.areas import range_of
from shared.db.database import Database
from shared.db.principals import Principal
from shared.security.permissions import Permissions
from shared.security.tokens import TokenVerifier
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Edge:
    """Database, permissions and token check of one service."""

    service: str
    database: Database
    permissions: Permissions
    verifier: TokenVerifier
    body_limit: int

    def authenticate(self, token: str) -> Principal:
        """The principal of an access token; nobody trusts a header from the network (design §9)."""
        claims = self.verifier.verify(token, clock.real())
        lo, hi = range_of(claims.area_code) if claims.area_code else ("", "")
        return Principal(
            account_id=claims.account_id,
            role=claims.role,
            lo=lo,
            hi=hi,
            area_code=claims.area_code,
            org_id=claims.org_id,
            person_id=claims.person_id,
            session_id=claims.session_id,
            name=claims.name,
        )


def edge_of(request: Request) -> Edge:
    """The edge of the service that answers this request."""
    edge: Edge = request.app.state.edge
    return edge


def file_limit_of(request: Request) -> int:
    """The largest body of a route that takes a file."""
    settings: Settings = request.app.state.runtime.settings
    return settings.file_limit_bytes
