"""The commands of the command line, and the two ways they reach the engine.

What is heavy to import (the engine, polars, the application) is imported where it is needed, so
that the rest answers at once.
"""
