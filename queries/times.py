"""Instants as whole microseconds since 1970, the one form they take between the edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970."""
    return (moment - EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """Return microseconds since 1970 as an aware datetime in UTC."""
    return EPOCH + timedelta(microseconds=us)


def iso(us: int) -> str:
    """Write an instant as the API does: ISO 8601 with Z, microseconds only where there are any."""
    return from_us(us).isoformat().removesuffix("+00:00") + "Z"
