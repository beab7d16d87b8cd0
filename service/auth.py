"""Who may enter: a request's key, and what it opens."""

from __future__ import annotations

import hmac
import re

from msgspec import Struct

from service.errors import Forbidden, NotAuthenticated, NotFound
from service.keys import Keys
from service.projects import Project, Projects

# As PostHog reads it: the scheme's case counts.
_BEARER = re.compile(r"Bearer\s+(\S.*)")


class Access(Struct, frozen=True):
    """What a key opens.

    Attributes:
        key_id: the key's id; empty for the service's own commands.
        scopes: as granted; `*` is everything, `person:write` implies `person:read`.
        projects: ids; empty means all.
        is_admin: it is the service's own command line, which passes everywhere.
        key_label: what the key's maker calls it; may be empty.
    """

    key_id: str
    scopes: frozenset[str]
    projects: frozenset[int]
    is_admin: bool = False
    key_label: str = ""

    def allows(self, scope: str) -> bool:
        """Say whether a scope is granted, by itself or by one that implies it."""
        resource, _, verb = scope.partition(":")
        return (
            "*" in self.scopes
            or scope in self.scopes
            or (verb == "read" and f"{resource}:write" in self.scopes)
        )


class Gate:
    """Checks each request in PostHog's order: the key, the project, the scope, the key's projects.

    So a key that may only read gets 403, not 404, where it would change a person who is not there.
    """

    def __init__(self, keys: Keys, projects: Projects, admin_token: str) -> None:
        """Take where keys and projects are known; an empty `admin_token` opens nothing."""
        self._keys = keys
        self._projects = projects
        self._admin_token = admin_token.encode()

    async def authenticate(self, authorization: str | None) -> Access:
        """Return what the key of an `Authorization` header opens.

        Raises:
            NotAuthenticated: there is no key, or it is not known, expired or revoked.
        """
        match = _BEARER.fullmatch((authorization or "").strip())
        if match is None:
            raise NotAuthenticated("Authentication credentials were not provided.")
        secret = match[1]
        if self._admin_token and hmac.compare_digest(
            secret.encode(errors="replace"), self._admin_token
        ):
            return Access("", frozenset(("*",)), frozenset(), is_admin=True)
        key = await self._keys.find(secret)
        if key is None:
            raise NotAuthenticated(
                "Personal API key found in request Authorization header is invalid.",
                code="authentication_failed",
            )
        return Access(
            str(key.id), frozenset(key.scopes), frozenset(key.projects), key_label=key.label
        )

    async def enter(
        self, authorization: str | None, project: str, *scopes: str
    ) -> tuple[Access, Project]:
        """Let a request into a project.

        Args:
            authorization: the header's value.
            project: its id as it stands in the address.
            scopes: all that are needed.

        Raises:
            NotAuthenticated: as `authenticate`.
            NotFound: there is no such project.
            Forbidden: the key lacks a scope, or is for other projects.
        """
        access = await self.authenticate(authorization)
        found = await self._project(project)
        for scope in scopes:
            if not access.allows(scope):
                raise Forbidden(f"API key missing required scope '{scope}'")
        if access.projects and found.id not in access.projects:
            raise Forbidden(
                f"API key does not have access to the requested project: ID {found.id}."
            )
        return access, found

    async def _project(self, project: str) -> Project:
        # int() knows other digits, signs and spaces too, and takes its time with long ones.
        if project.isascii() and project.isdecimal() and len(project) <= 10:
            found = await self._projects.get(int(project))
            if found is not None:
                return found
        raise NotFound("Project not found.")
