"""What was true when: statements, the intervals they hold in, and an index as it was at a moment.

Nothing of it is stored. It is read off the passages that an index holds, so a document that goes takes what it said
along: an interval that it closed is open again.
"""
