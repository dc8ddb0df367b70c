"""Every setting, read from the environment once: type, default fit for development, description."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import AliasChoices, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import Misconfigured


class Settings(BaseSettings):
    """Frozen. Environment names are `HEADWATER_` plus the field's name in capitals, except the two server URLs."""

    model_config = SettingsConfigDict(
        env_prefix="HEADWATER_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    profile: Literal["development", "production"] = Field(
        "production", description="`headwater run` sets development: GraphiQL, introspection for all, development keys."
    )
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="The port to listen on.")
    public_url: str = Field(
        "", description="The base of every link we write, such as https://content.example. Empty: http://HOST:PORT."
    )
    allowed_hosts: str = Field(
        "*", description="Host names that requests may carry, separated by commas; * for any (links never follow it)."
    )
    allowed_origins: str = Field(
        "",
        description="Web pages that may ask GraphQL from a browser, such as https://shop.example, separated by commas; * for any.",
    )
    preview_url: str = Field(
        "",
        description="Where the frontend shows a homepage that is not published yet, {token} where the token goes. Empty: GraphQL.",
    )
    data: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("headwater", appauthor=False),
        description="The data folder: embedded database, search index, assets, development keys.",
    )
    database_url: str = Field(
        "",
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description="A PostgreSQL server of your own (16 or later). Empty: the embedded one in the data folder.",
    )
    elasticsearch_url: str = Field(
        "",
        validation_alias=AliasChoices("ELASTICSEARCH_URL", "elasticsearch_url"),
        description="An Elasticsearch server of your own (9). Empty: the embedded index in the data folder.",
    )
    asset_store: str = Field(
        "",
        description="Where the bytes of assets lie: s3://bucket/prefix, gs://…, az://…, file:///folder. Empty: the data folder.",
    )
    image_limit: int = Field(50_000_000, ge=100_000, description="The largest picture, in bytes.")
    video_limit: int = Field(2_000_000_000, ge=100_000, description="The largest film, in bytes.")
    audio_limit: int = Field(500_000_000, ge=100_000, description="The largest sound recording, in bytes.")
    pixel_limit: int = Field(
        80_000_000, ge=1_000_000, description="The most pixels of a picture, all frames of a moving one together."
    )
    probe_seconds: int = Field(
        30, ge=1, description="How long it may take to look into a file, or to make a rendition."
    )
    probe_megabytes: int = Field(1_500, ge=400, description="How much memory that may take, in MB of addresses.")
    sandbox_places: int = Field(
        2, ge=1, le=64, description="How many files a process looks into at once, and renditions it makes."
    )
    upload_hours: int = Field(24, ge=1, le=720, description="How long an upload may be continued after its last byte.")
    asset_max_age: int = Field(
        3_600, ge=0, description="Seconds that caches of others may keep a picture, also after it was withdrawn here."
    )
    rendition_sizes: str = Field(
        "", description="Sizes of pictures to offer besides those of packs and homepages, such as 96x96, 2400x1350."
    )
    database_pool: int = Field(10, ge=1, le=100, description="Connections a process keeps to PostgreSQL.")
    statement_timeout_ms: int = Field(5_000, ge=100, description="How long one SQL statement of a request may take.")
    lock_timeout_ms: int = Field(2_000, ge=100, description="How long a statement may wait for a lock.")
    request_timeout_ms: int = Field(10_000, ge=100, description="How long a request may take (streams apart).")
    body_limit: int = Field(1_048_576, ge=1_024, description="The largest request body, in bytes.")
    url_limit: int = Field(8_192, ge=1_024, description="The longest address of a request, in bytes.")
    header_limit: int = Field(16_384, ge=4_096, description="The most bytes of a request's headers together.")
    feed_page_limit: int = Field(200, ge=1, le=1_000, description="The most items on one feed page.")
    feed_page_bytes: int = Field(5_242_880, ge=65_536, description="The most bytes of one feed page.")
    page_limit: int = Field(100, ge=1, le=1_000, description="The most that `first` or `last` may ask for.")
    search_text_limit: int = Field(300, ge=10, description="The longest search text, in characters.")
    graphql_length: int = Field(
        100_000, ge=1_000, description="The most characters of a GraphQL document; long texts go into variables."
    )
    graphql_tokens: int = Field(2_000, ge=100, description="The most tokens of a GraphQL document.")
    graphql_depth: int = Field(12, ge=5, description="The deepest selection of a GraphQL document.")
    graphql_fields: int = Field(500, ge=50, description="The most fields of a GraphQL document after expansion.")
    graphql_aliases: int = Field(15, ge=0, description="The most aliases of a GraphQL document after expansion.")
    graphql_directives: int = Field(8, ge=0, description="The most directives of a GraphQL document after expansion.")
    graphql_operations: int = Field(5, ge=1, description="The most operations of a GraphQL document.")
    graphql_definitions: int = Field(30, ge=1, description="The most operations and fragments of a GraphQL document.")
    graphql_variables: int = Field(100, ge=1, description="The most variables of a GraphQL operation.")
    graphql_repeats: int = Field(
        20_000,
        ge=100,
        description="How often a GraphQL document may ask for the same fields again, in pairs; one of objects counts ten.",
    )
    graphql_introspection_depth: int = Field(15, ge=5, description="The deepest selection of an introspection.")
    graphql_introspection_fields: int = Field(
        250, ge=50, description="The most fields of an introspection after expansion."
    )
    graphql_errors: int = Field(10, ge=1, description="The most errors of a GraphQL answer.")
    graphql_cost: int = Field(10_000, ge=1_000, description="What a GraphQL answer may cost: the objects it may hold.")
    anonymous_bucket: int = Field(
        200_000, ge=0, description="What a stranger's address may spend at once, in costs of answers; 0: no bound."
    )
    anonymous_refill: int = Field(
        200_000, ge=1, description="What a stranger's address gets back in a minute, in costs of answers."
    )
    account_bucket: int = Field(
        2_000_000, ge=0, description="What an account may spend at once, by all its keys; 0: no bound."
    )
    account_refill: int = Field(2_000_000, ge=1, description="What an account gets back in a minute.")
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks, separated by commas, whose X-Forwarded-For is believed. Empty: nobody's.",
    )
    graphql_variable_values: int = Field(10_000, ge=100, description="The most values in a request's variables.")
    graphql_variable_depth: int = Field(50, ge=5, description="How deep the variables of a request may nest.")
    graphql_status_codes: Literal["2025", "2026"] = Field(
        "2025",
        description="Status codes of GraphQL over HTTP: 2025, or 2026 with 422 for validation and 294 for partial answers.",
    )
    trusted_documents_only: bool = Field(
        default=False,
        description="Whether GraphQL runs only documents that an application registered (operators apart).",
    )
    trusted_documents: int = Field(2_000, ge=1, description="The most documents that an application may register.")
    trusted_document_bytes: int = Field(
        4_194_304, ge=65_536, description="The most bytes that the documents of an application may have together."
    )
    persisted_queries: int = Field(
        1_000, ge=0, description="How many documents are remembered that clients sent with their hash; 0: none."
    )
    jwt_issuer: str = Field("", description="Whose tokens (JWT) are taken: their `iss`, exactly. Empty: no tokens.")
    jwt_audience: str = Field("", description="What their `aud` must name: this installation.")
    jwt_jwks_url: str = Field("", description="Where the issuer publishes its keys (JWKS).")
    jwt_algorithms: str = Field("RS256, ES256, EdDSA", description="The signatures that are taken.")
    jwt_leeway_seconds: int = Field(30, ge=0, le=600, description="How far the issuer's clock may be off.")
    jwt_default_scopes: str = Field(
        "engagement:write, account:write", description="What a token allows that has no claim `scope`."
    )
    jwt_makes_accounts: bool = Field(
        default=False, description="Whether whoever the issuer signs for gets an account here at the first request."
    )
    streams: int = Field(500, ge=1, description="The most streams and WebSockets that one process keeps open.")
    streams_per_caller: int = Field(
        100, ge=1, description="The most of them for one account, and for one address of strangers."
    )
    stream_operations: int = Field(20, ge=1, description="The most operations at once over one WebSocket.")
    stream_init_ms: int = Field(5_000, ge=100, description="How long a WebSocket may take to say who it is.")
    stream_write_ms: int = Field(
        10_000, ge=100, description="How long a client may take for a message before its stream is closed."
    )
    file_write_ms: int = Field(
        60_000,
        ge=100,
        description="How long a client may take no bytes of a file before it is cut off; slow ones seem to, since some MB wait"
        " for them on the way.",
    )
    stream_heartbeat_ms: int = Field(
        15_000, ge=100, description="How often a quiet stream of events says that it lives."
    )
    cache_max_age: int = Field(0, ge=0, description="Seconds that caches of others may keep an answer; 0: revalidate.")
    audit_lease_minutes: int = Field(
        15, ge=1, le=240, description="How long a submission that an auditor claims is given to nobody else."
    )
    distributors: int = Field(1, ge=1, le=16, description="Distributor loops in one worker process.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")
    log_format: Literal["console", "json"] = Field("console", description="Log lines for people or for machines.")

    @field_validator("public_url", "elasticsearch_url", "database_url")
    @classmethod
    def _is_an_address(cls, value: str, info: ValidationInfo) -> str:
        schemes = ("postgresql", "postgres") if info.field_name == "database_url" else ("http", "https")
        parts = urlsplit(value)
        if value and (parts.scheme not in schemes or not (parts.netloc or parts.path)):
            raise ValueError(f"an address begins with {schemes[0]}://")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for one in filter(None, map(str.strip, value.split(","))):
            ip_network(one, strict=False)
        return value

    @field_validator("rendition_sizes")
    @classmethod
    def _are_sizes(cls, value: str) -> str:
        for one in filter(None, map(str.strip, value.split(","))):
            if not re.fullmatch(r"[1-9][0-9]{0,3}x[1-9][0-9]{0,3}", one):
                raise ValueError("sizes are width and height in pixels, such as 96x96, separated by commas")
        return value

    @field_validator("anonymous_bucket", "account_bucket")
    @classmethod
    def _holds_an_answer(cls, value: int, info: ValidationInfo) -> int:
        dearest = info.data.get("graphql_cost", 0)
        if 0 < value < dearest:
            raise ValueError(f"a bucket holds at least one answer of {dearest}, else it could never be given")
        return value

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def read_settings(**overrides: object) -> Settings:
    """The settings of this process; Misconfigured with one line naming what is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks what they are
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        shown = name.upper() if name.upper().endswith("_URL") and name != "public_url" else f"HEADWATER_{name.upper()}"
        raise Misconfigured(
            f"{shown}: {first['msg'].removeprefix('Value error, ')} (got {first['input']!r})"
        ) from error
