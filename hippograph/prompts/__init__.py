"""Prompts: one `.md` file each, and the way from a file to messages.

A file holds notes for its readers first, which are not sent, then one part a message under a line such as
`## system` or `## user`. `{{name}}` is filled when it is rendered.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from hippograph.types import Message, content_id

_PART = re.compile(r"^## (system|user|assistant)[ \t]*$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


def render(name: str, **values: str) -> tuple[Message, ...]:
    """The messages of a prompt, each placeholder filled once: what a value holds is never read as a template.

    Raises ValueError when a placeholder has no value, or a value no placeholder.

    >>> [message.role for message in render("recognise", question="?", mark="m", facts="", most="4")]
    ['system', 'user']
    """
    parts = _parts(name)
    wanted = {each for message in parts for each in _PLACEHOLDER.findall(message.content)}
    if wanted != set(values):
        raise ValueError(f"The prompt {name!r} takes {sorted(wanted)} and was given {sorted(values)}.")
    return tuple(
        Message(part.role, _PLACEHOLDER.sub(lambda found: values[found[1]], part.content)) for part in parts
    )


def fingerprint(name: str) -> str:
    """Changes when the prompt's file does: part of the key of whatever a model's reply is stored under."""
    return content_id(_text(name))


@cache
def _parts(name: str) -> tuple[Message, ...]:
    _, *pieces = _PART.split(_text(name))
    if not pieces:
        raise ValueError(f"The prompt {name!r} has no part: a line such as '## user' begins one.")
    return tuple(
        Message(role, content.strip()) for role, content in zip(pieces[::2], pieces[1::2], strict=True)
    )


@cache
def _text(name: str) -> str:
    return (files(__name__) / f"{name}.md").read_text(encoding="utf-8")
