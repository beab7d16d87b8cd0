"""Exports: any number of persons, in one of several formats, from one pipeline."""
