"""`/metrics`: what was asked and what it cost, as Prometheus reads it.

No label holds anything of a client's: routes are as declared, statements as they are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Schema
from litestar.params import SkipValidation
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from service.api.openapi import READS_METRICS, Described, answers
from service.auth import Gate
from service.engine import Engine
from service.errors import Forbidden, NotFound
from service.metering import Tally
from service.settings import Settings

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
SCOPE = "metrics:read"


class Metrics:
    """The metrics of one application."""

    def __init__(self, engine: Engine) -> None:
        """Start from nothing."""
        self._registry = registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        registry.register(_OfEngine(engine))
        asked = ("method", "route")
        self._requests = Counter(
            "personhouse_requests", "Answers.", (*asked, "status"), registry=registry
        )
        self._seconds = Histogram(
            "personhouse_request_seconds",
            "From the head of a request to the last byte of its answer.",
            asked,
            buckets=_BUCKETS,
            registry=registry,
        )
        self._broken = Counter(
            "personhouse_broken_answers", "Answers that broke off.", asked, registry=registry
        )
        self._rows = Counter(
            "personhouse_read_rows", "Rows that ClickHouse read for requests.", registry=registry
        )
        self._bytes = Counter(
            "personhouse_read_bytes", "Bytes that ClickHouse read for requests.", registry=registry
        )
        self._sent = Counter(
            "personhouse_sent_bytes", "Bytes of the bodies of answers.", registry=registry
        )
        self.under_way = Gauge(
            "personhouse_requests_under_way", "Requests not answered yet.", registry=registry
        )

    def note(
        self,
        method: str,
        route: str,
        status: int,
        seconds: float,
        sent: int,
        tally: Tally,
        *,
        whole: bool,
    ) -> None:
        """Count an answer; `status` 0 is one that never began."""
        verb = method if method in _METHODS else "other"
        self._requests.labels(verb, route, str(status)).inc()
        self._seconds.labels(verb, route).observe(seconds)
        if not whole:
            self._broken.labels(verb, route).inc()
        self._rows.inc(tally.rows)
        self._bytes.inc(tally.bytes)
        self._sent.inc(sent)

    def text(self) -> bytes:
        """Return all of them as they are now."""
        return generate_latest(self._registry)


class _OfEngine(Collector):
    """What the engine knows itself, asked when it is read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the costs of statements, and who waits."""
        named = ("statement",)
        runs = CounterMetricFamily("personhouse_statements", "Statements run.", labels=named)
        failed = CounterMetricFamily(
            "personhouse_failed_statements", "Statements that failed.", labels=named
        )
        seconds = CounterMetricFamily(
            "personhouse_statement_seconds", "Time in which they ran.", labels=named
        )
        for name, cost in self._engine.meter.costs().items():
            runs.add_metric([name], cost.runs)
            failed.add_metric([name], cost.failures)
            seconds.add_metric([name], cost.seconds)
        lanes = GaugeMetricFamily(
            "personhouse_lane_requests", "Work that runs or waits for a thread.", labels=("lane",)
        )
        for name, taken in self._engine.taken().items():
            lanes.add_metric([name], taken)
        yield from (runs, failed, seconds, lanes)


@dataclass
class _Text(Described):
    """An operation whose answer is text."""

    def __post_init__(self) -> None:
        super().__post_init__()
        text = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
        good = OpenAPIResponse(description="As asked.", content={"text/plain": text})
        self.responses = {"200": good, **(self.responses or {})}


@get(
    "/metrics",
    operation_id="metrics",
    operation_class=_Text,
    summary="What was asked and what it cost, for Prometheus",
    tags=["health"],
    security=READS_METRICS,
    responses=answers(None, 401, 403, 404),
    media_type=MediaType.TEXT,
)
async def get_metrics(
    request: Request[Any, Any, Any],
    settings: NamedDependency[SkipValidation[Settings]],
    gate: NamedDependency[SkipValidation[Gate]],
) -> Response[bytes]:
    """Return the metrics in Prometheus' text format.

    Raises:
        NotFound: there are none here: `metrics.access` is `off`.
        NotAuthenticated, Forbidden: it is `key`, and there is none of all projects for them.
    """
    access = settings.metrics.access
    if access == "off":
        raise NotFound("Endpoint not found.")
    if access == "key":
        await _require_key(gate, request.headers.get("authorization"))
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _require_key(gate: Gate, authorization: str | None) -> None:
    access = await gate.authenticate(authorization)
    if not access.allows(SCOPE):
        raise Forbidden(f"API key missing required scope '{SCOPE}'")
    if access.projects:
        raise Forbidden("The metrics are those of all projects: the key is for some.")
