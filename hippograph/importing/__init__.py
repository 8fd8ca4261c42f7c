"""Importing: what other systems extracted, as documents and readings, with a report of what could not be carried."""

from hippograph.importing.found import Imported, NotCarried
from hippograph.importing.reading import ImportedSource, read_import

__all__ = ["Imported", "ImportedSource", "NotCarried", "read_import"]
