"""The one door: checks who knocks, how often and how loudly, then passes the call on. It owns no data.

Wiring is one call, `create_gateway(settings, upstreams, verifier)`; what stands behind an upstream, a service
in this process or one at an address, makes no difference to anything here.
"""

from gateway.app import Gateway, create_gateway
from gateway.http_upstream import HttpUpstream
from gateway.settings import GatewaySettings
from gateway.tokens import Claims, TokenVerifier
from gateway.upstreams import AsgiUpstream, Policy, Upstream

__all__ = [
    "AsgiUpstream",
    "Claims",
    "Gateway",
    "GatewaySettings",
    "HttpUpstream",
    "Policy",
    "TokenVerifier",
    "Upstream",
    "create_gateway",
]
