"""Prompts: the words sent to language models, one `.md` file each, and the way from a file to messages.

A file holds notes for its readers first, which are not sent, then one part a message under a line `# system`,
`# user` or `# assistant`. `{{name}}` is filled when the prompt is rendered.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from hippograph.types import Message, content_id

_PART = re.compile(r"^##? (system|user|assistant)[ \t]*$", re.MULTILINE)
_PLACE = re.compile(r"\{\{([a-z_]+)\}\}")


def render(name: str, **values: str) -> tuple[Message, ...]:
    """The messages of a prompt, each place filled once: what a value holds is never read as a template.

    Raises ValueError when a place has no value, or a value no place.

    >>> [message.role for message in render("recognise", mark="m", facts="", most="4")]
    ['system', 'user']
    """
    parts = _parts(name)
    wanted = {place for message in parts for place in _PLACE.findall(message.content)}
    if wanted != set(values):
        raise ValueError(f"The prompt {name!r} takes {sorted(wanted)} and was given {sorted(values)}.")
    return tuple(
        Message(part.role, _PLACE.sub(lambda found: values[found[1]], part.content)) for part in parts
    )


def prompt_hash(*names: str) -> str:
    """Changes when words that are sent change: part of the fingerprint of whatever uses the prompts."""
    return content_id(
        *(text for name in names for part in _parts(name) for text in (part.role, part.content))
    )


@cache
def _parts(name: str) -> tuple[Message, ...]:
    """Role and text of each part. Raises ValueError for a file without any."""
    content = (files(__name__) / f"{name}.md").read_text(encoding="utf-8").replace("\r\n", "\n")
    _, *pieces = _PART.split(content)
    if not pieces:
        raise ValueError(f"The prompt {name!r} has no part: a line such as '# user' begins one.")
    return tuple(Message(role, text.strip()) for role, text in zip(pieces[::2], pieces[1::2], strict=True))
