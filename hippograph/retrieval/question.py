"""What may be asked."""

from __future__ import annotations

from hippograph.errors import QuestionError

MAXIMUM_CHARACTERS = 8_000


def checked_question(question: str) -> str:
    """The question, if it is one. Raises QuestionError for what is no text, blank or far too long."""
    if not isinstance(question, str):
        raise QuestionError(f"The question is {type(question).__name__} and should be str. Ask in words.")
    if not question.strip():
        raise QuestionError(
            "The question is empty. Ask something, for example: Who built the first lighthouse?"
        )
    if len(question) > MAXIMUM_CHARACTERS:
        raise QuestionError(
            f"The question has {len(question):,} characters; at most {MAXIMUM_CHARACTERS:,} are read. "
            "Index long texts as documents and ask a short question about them."
        )
    return question
