"""Stand-ins for social networks, served over HTTP: the part of X's API that we call, and simple demo networks."""

from marketplace.sandbox.network.server import create_app

__all__ = ["create_app"]
