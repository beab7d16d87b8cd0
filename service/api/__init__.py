"""The API over HTTP: one module a resource, and what they share.

`access` lets a request in, `arguments` decodes what it asks, `answers` and `addresses` say what it
gets, `failures` answers when it cannot, `openapi` describes it all.
"""
