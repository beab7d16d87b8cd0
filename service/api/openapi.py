"""The OpenAPI document, and a page to read and try it, whose every file is served from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
    SecurityRequirement,
    SecurityScheme,
    Tag,
)
from litestar.static_files import create_static_files_router
from litestar.types import Method
from litestar.types.internal_types import PathParameterDefinition

from service.errors import ErrorBody
from service.exports.asked import MEDIA_TYPES, Format

PATH = "/schema"
FILES_PATH = f"{PATH}/files"

_SCHEME = "PersonalAPIKeyAuth"
READS_PERSONS: list[SecurityRequirement] = [{_SCHEME: ["person:read"]}]
WRITES_PERSONS: list[SecurityRequirement] = [{_SCHEME: ["person:write"]}]
READS_ACTIVITY: list[SecurityRequirement] = [{_SCHEME: ["activity_log:read"]}]
READS_METRICS: list[SecurityRequirement] = [{_SCHEME: ["metrics:read"]}]
READS_PROJECTS: list[SecurityRequirement] = [{_SCHEME: []}]

_MEANINGS = {
    400: "An argument is wrong; `attr` names it. Or ClickHouse stopped the query at a limit.",
    401: "No key, or one that is unknown, expired or revoked.",
    403: "The key lacks the scope, or is for other projects.",
    404: "No such project, person or format.",
    408: "The body did not come in time.",
    409: "Two persons share this integer id: use the uuid. Or others change the person all along.",
    412: "The person has changed since: its ETag is another one.",
    413: "The body is too large.",
    415: "The body is a form, or not JSON where that is asked for.",
    416: "The file has none of the bytes that the Range asks for.",
    429: "The key asks too often; `Retry-After` says when it may again.",
    422: "The Idempotency-Key was used for another request.",
    503: "No answer from ClickHouse, or every worker is taken; `Retry-After` says when to return.",
    507: "The disk is full: nothing more is written.",
}

# What comes along: a body may be too slow where it may be too large, and a key be used too often.
_ALSO = {413: 408, 401: 429}

_PARAMETERS = {"project_id": "The project's number."}

_DESCRIPTION = """\
Persons and their properties, kept in ClickHouse, read as PostHog's API has it.

Every address needs a key, `Authorization: Bearer phx_...`, and works under `/api/projects` and
`/api/environments` alike, with or without a slash at the end. Every failure has one body:
`{"type", "code", "detail", "attr"}`; `attr` names the argument that is wrong.
"""


def answers(success: type[Any] | None, *failures: int) -> dict[int, ResponseSpec]:
    """Describe an address's answers.

    Args:
        success: the body of the 200; None where it is described elsewhere.
        failures: the statuses of `_MEANINGS` it may have beside 500 and 503.
    """
    specs = {
        status: ResponseSpec(ErrorBody, generate_examples=False, description=_MEANINGS[status])
        for status in sorted({*failures, *(_ALSO[one] for one in failures if one in _ALSO), 503})
    }
    if success is not None:
        specs[200] = ResponseSpec(success, generate_examples=False, description="As asked.")
    return specs


def _is_described(response: OpenAPIResponse | Reference) -> bool:
    """Say whether a response is one of `answers`, and not an error in Litestar's own shape."""
    if isinstance(response, Reference) or not response.content:
        return True
    return all(
        isinstance(kind.schema, Reference) or kind.schema is None
        for kind in response.content.values()
    )


def operation_id(name: str) -> Callable[..., str]:
    """Return what names a handler's operations: PostHog's name, apart for the second prefix."""

    def create(
        handler: HTTPRouteHandler, method: Method, path: list[str | PathParameterDefinition]
    ) -> str:
        del handler, method
        return f"environments_{name}" if "environments" in path else name

    return create


_CSV = {
    "text/csv": OpenAPIMediaType(
        schema=Schema(
            type=OpenAPIType.STRING,
            description="A header, then a line for each; nested values have dotted columns.",
        )
    )
}


@dataclass
class Described(Operation):
    """An operation, put right where Litestar guesses."""

    def __post_init__(self) -> None:
        """Tag it by its resource, or by the second prefix, and say no more than is true."""
        self.tags = [(self.operation_id or "").partition("_")[0]]
        for parameter in self.parameters or ():
            if isinstance(parameter, Parameter) and isinstance(parameter.schema, Schema):
                # That an absent text or list is an empty one to us is no client's concern.
                if parameter.schema.default in ("", ()):
                    parameter.schema.default = None
                parameter.description = parameter.description or _PARAMETERS.get(parameter.name)
        if self.responses is not None:
            # Its own body, for arguments it decodes: it decodes none of these.
            for status in [s for s, r in self.responses.items() if not _is_described(r)]:
                del self.responses[status]


@dataclass
class AlsoCsv(Described):
    """An operation whose answer can be CSV too."""

    def __post_init__(self) -> None:
        """Add the media type."""
        super().__post_init__()
        success = (self.responses or {}).get("200")
        if isinstance(success, OpenAPIResponse):
            success.content = {**(success.content or {}), **_CSV}


def exported_as(*suffixes: str) -> type[Operation]:
    """Describe operations whose answer is an export; of several formats, beside the JSON."""
    kinds = [MEDIA_TYPES.get(cast("Format", suffix), suffix) for suffix in suffixes]
    files = {kind: OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING)) for kind in kinds}

    @dataclass
    class Exported(Described):
        def __post_init__(self) -> None:
            super().__post_init__()
            success = (self.responses or {}).get("200")
            if len(suffixes) > 1 and isinstance(success, OpenAPIResponse):
                success.content = {**(success.content or {}), **files, **_CSV}
            elif self.responses is not None:
                content = {**_CSV} if "text/csv" in files else files
                self.responses["200"] = OpenAPIResponse("All persons.", content=content)

    return Exported


def takes_ids(field: str) -> type[Operation]:
    """Describe operations whose body is an object with a list of ids in a field."""
    ids = Schema(
        type=OpenAPIType.ARRAY,
        items=Schema(type=OpenAPIType.STRING),
        description="At most as many as the setting `limits.batch_ids` says, by default 200.",
    )
    body = Schema(type=OpenAPIType.OBJECT, properties={field: ids})

    @dataclass
    class TakesIds(Described):
        def __post_init__(self) -> None:
            super().__post_init__()
            kinds = {"application/json": OpenAPIMediaType(schema=body)}
            self.request_body = RequestBody(kinds, required=True)

    return TakesIds


@dataclass
class TakesFile(Described):
    """An operation whose body is a file, and whose answer can be a line for each event."""

    def __post_init__(self) -> None:
        """Describe the body, which no parameter of the handler stands for."""
        super().__post_init__()
        binary = OpenAPIMediaType(schema=Schema(content_media_type="application/octet-stream"))
        kinds = ("application/x-ndjson", "text/csv", "application/octet-stream")
        self.request_body = RequestBody(
            dict.fromkeys(kinds, binary),
            description="The file, as it is or compressed with gzip or zstd. Its format is told"
            " from its content, not from the content type.",
            required=True,
        )
        success = (self.responses or {}).get("200")
        if isinstance(success, OpenAPIResponse):
            lines = Schema(
                type=OpenAPIType.STRING,
                description="Lines `{progress}`, `{reject}` and last `{summary}` or `{error}`.",
            )
            events = {"application/x-ndjson": OpenAPIMediaType(schema=lines)}
            success.content = {**(success.content or {}), **events}


def config() -> OpenAPIConfig:
    """Return how the document and its page are made."""
    return OpenAPIConfig(
        title="personhouse",
        version=_version(),
        description=_DESCRIPTION,
        path=PATH,
        components=Components(
            security_schemes={
                _SCHEME: SecurityScheme(
                    type="http",
                    scheme="bearer",
                    description="A key made with `personhouse keys create`.",
                )
            }
        ),
        security=[{_SCHEME: []}],
        tags=[
            Tag("persons", "Persons of a project."),
            Tag("exports", "Persons into files."),
            Tag("imports", "Persons and events from files."),
            Tag("projects", "What persons belong to."),
            Tag("environments", "All of it again, under the second prefix."),
            Tag("health", "For whoever watches over the service."),
        ],
        render_plugins=[
            SwaggerRenderPlugin(
                path=["/", "/swagger"],
                js_url=f"{FILES_PATH}/swagger-ui-bundle.js",
                css_url=f"{FILES_PATH}/swagger-ui.css",
                standalone_preset_js_url=f"{FILES_PATH}/swagger-ui-standalone-preset.js",
                favicon=f'<link rel="icon" type="image/png" href="{FILES_PATH}/favicon-32x32.png">',
            ),
            JsonRenderPlugin(path="/openapi.json"),
        ],
    )


def ui_files() -> Router:
    """Return a router for the page's scripts and styles, as the package `swagger_ui` brings them.

    The package itself is not imported: it is made for other frameworks.
    """
    spec = find_spec("swagger_ui")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package swagger-ui-py is not installed")
    return create_static_files_router(
        path=FILES_PATH,
        directories=[Path(spec.origin).parent / "static"],
        cache_control=CacheControlHeader(max_age=86_400),
        name="schema-files",
    )


def _version() -> str:
    try:
        return version("personhouse")
    except PackageNotFoundError:
        return "0"
