"""Which web pages may ask from a browser (CORS), and which may not make it ask on their behalf."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from core.errors import Forbidden
from core.settings import Settings

SHOWN = "ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
"""The headers of an answer that a page's script may read."""

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST_WISH = 1_000


class ForeignOrigin(Forbidden):
    """A page of another origin asks; the operator has not named it."""

    code = "FOREIGN_ORIGIN"


@dataclass(frozen=True, slots=True)
class Origins:
    """`allowed` are those of the setting; None for any. `lets_local` admits pages of the developer's own machine."""

    allowed: frozenset[str] | None
    own: str
    lets_local: bool

    @classmethod
    def of(cls, settings: Settings) -> "Origins":
        named = frozenset(one.strip().rstrip("/").lower() for one in settings.allowed_origins.split(",") if one.strip())
        return cls(None if "*" in named else named, settings.base_url.lower(), settings.profile == "development")

    def admits(self, origin: str | None, host: str) -> bool:
        """Whether a request with this Origin header, to this host, comes from where it may. No origin, no page."""
        if origin is None or self.allowed is None:
            return True
        given = origin.lower()
        try:
            parts = urlsplit(given)
        except ValueError:  # no origin that a browser sends
            return False
        is_own = given == self.own or (parts.scheme in {"http", "https"} and parts.netloc == host.lower())
        return is_own or given in self.allowed or (self.lets_local and parts.hostname in LOCAL)

    def check(self, request: Request) -> None:
        """ForeignOrigin for a page that would change something, or that asks whether it may.

        A page cannot send JSON to another origin before that has agreed, and the API knows no cookies: this is the
        second wall, for what does not ask first.
        """
        origin = request.headers.get("origin")
        if request.method not in {"GET", "HEAD"} and not self.admits(origin, request.headers.get("host", "")):
            raise ForeignOrigin(
                "Pages of this origin may not ask here: the operator lists those that may in HEADWATER_ALLOWED_ORIGINS."
            )

    def stamp(self, request: Request, response: Response, *, shown: str = SHOWN) -> None:
        """Say on an answer which page may read it, and which of its headers."""
        origin = request.headers.get("origin")
        if self.allowed is None:
            response.headers["access-control-allow-origin"] = "*"
        elif self.allowed or self.lets_local:
            response.headers.add_vary_header("Origin")
        if origin is None or not self.admits(origin, request.headers.get("host", "")):
            return
        if self.allowed is not None:
            response.headers["access-control-allow-origin"] = origin
        response.headers["access-control-expose-headers"] = shown


def is_preflight(request: Request) -> bool:
    asked = request.headers.get("access-control-request-method")
    return request.method == "OPTIONS" and asked is not None and "origin" in request.headers


def preflight(request: Request, *, methods: str = "GET, POST") -> Response:
    """What a browser asks before it lets a page of an admitted origin send JSON, a file or a key."""
    wished = request.headers.get("access-control-request-headers", "")[:LONGEST_WISH]
    headers = {
        "access-control-allow-methods": methods,
        "access-control-allow-headers": wished or "authorization, content-type",
        "access-control-max-age": "600",
        "vary": "Access-Control-Request-Headers",
    }
    return Response(status_code=204, headers=headers)
