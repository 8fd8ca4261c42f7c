"""Tables that grow: everything an index holds, in files that are only ever appended to.

files.py    a folder of such files; a version of it is how far each file counts
column.py   one value, or one vector, a row
ragged.py   several values a row
strings.py  a text a row, and texts that are found by their words
pages.py    numbers that change: only the pages they stand in are written again
rows.py     a sparse matrix of whole numbers that is added to and taken from
"""

from hippograph.tables.column import Column
from hippograph.tables.files import Files
from hippograph.tables.pages import Pages
from hippograph.tables.ragged import Ragged, spans
from hippograph.tables.rows import Rows
from hippograph.tables.strings import Names, Strings

__all__ = ["Column", "Files", "Names", "Pages", "Ragged", "Rows", "Strings", "spans"]
