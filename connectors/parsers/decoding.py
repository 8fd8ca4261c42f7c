"""Which encoding the bytes of a text are in."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO

from connectors.parsers.entries import Scalar, UnreadableFile
from hippograph.errors import MissingExtra

CHUNK = 1 << 20
SAMPLE = 1 << 15
"""Bytes on either side of the first byte that is not UTF-8, from which the encoding is guessed."""
CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\f\r\x1b")) + b"\x7f"
MOST_CONTROL = 0.01
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LEGACY_ENCODINGS = [
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r"),
    *("gb18030", "big5", "cp932", "euc_jp", "cp949"),
]
"""What is still met. Free to choose among all codecs, charset-normalizer reads "Zürich" in Latin-1 as UTF-16
and German prose as cp775; held to these, it reads most short samples right."""
WESTERN = re.compile(r"[\x00-\x7fÀ-ÖØ-öø-ÿŒœŠšŸŽž‘’“”–—…•€«»°§©®¡¿ªº\xa0]+")
MOST_WESTERN = 0.2
"""Western prose is ASCII with a few letters outside it; other alphabets are mostly outside it."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """The name of a codec, and whether it was guessed from the look of the bytes."""

    name: str
    is_guess: bool = False

    def metadata(self) -> dict[str, Scalar]:
        """What a document says of its encoding: nothing where it is UTF-8."""
        if self.name.startswith("utf-8"):
            return {}
        return {"encoding": self.name, "encoding_is_guess": self.is_guess}


def detect_encoding(stream: BinaryIO, declared: str | None = None) -> Encoding:
    """The encoding of a text, read through in small pieces; the stream is left at its start.

    A byte order mark decides, then UTF-8 if every byte fits, then what the file declares, then Windows-1252
    if the bytes look Western, then charset-normalizer's best guess. Raises UnreadableFile when the file is
    binary or fits no encoding.
    """
    head = _sample(stream, 0)
    marked = next((name for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), None)
    if marked in (None, "utf-8-sig"):
        _refuse_binary(stream)
    wrong = first_misfit(stream, marked or "utf-8")
    if wrong is None:
        return Encoding(marked or "utf-8")
    if marked:
        raise UnreadableFile(f"The file says that it is {marked}, but its bytes are not. Save it as UTF-8.")
    if declared and first_misfit(stream, declared) is None:
        return Encoding(declared)
    return _guess(stream, wrong)


def first_misfit(stream: BinaryIO, codec: str) -> int | None:
    """Near which byte the file stops fitting the codec; None when all of it fits, 0 for an unknown codec."""
    try:
        decoder = codecs.getincrementaldecoder(codec)()
    except LookupError:
        return 0
    stream.seek(0)
    position = 0
    try:
        while chunk := stream.read(CHUNK):
            decoder.decode(chunk)
            position += len(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return position + error.start
    except UnicodeError:
        return position
    finally:
        stream.seek(0)
    return None


def is_binary(chunk: bytes) -> bool:
    """Whether the bytes hold a NUL, or more control characters than any text does."""
    control_count = len(chunk) - len(chunk.translate(None, CONTROL_BYTES))
    return b"\x00" in chunk or control_count > MOST_CONTROL * len(chunk) + 1


def _refuse_binary(stream: BinaryIO) -> None:
    stream.seek(0)
    while chunk := stream.read(CHUNK):
        if is_binary(chunk):
            raise UnreadableFile(
                "The file is binary, not text. Exclude it, or save what it says as UTF-8 text."
            )


def _sample(stream: BinaryIO, middle: int) -> bytes:
    stream.seek(max(0, middle - SAMPLE))
    sample = stream.read(2 * SAMPLE)
    stream.seek(0)
    return sample


def _guess(stream: BinaryIO, wrong: int) -> Encoding:
    sample = _sample(stream, wrong)
    if _is_damaged_utf8(sample):
        raise UnreadableFile(
            f"The file is UTF-8 with broken bytes, the first near byte {wrong}. Save it again as UTF-8."
        )
    name = "cp1252" if _is_western(sample) else _best_guess(sample)
    if name is None or first_misfit(stream, name) is not None:
        raise UnreadableFile("The file's text encoding cannot be told. Save it as UTF-8.")
    return Encoding(name, is_guess=True)


def _is_damaged_utf8(sample: bytes) -> bool:
    """Whether most bytes outside ASCII are good UTF-8, which no other encoding gives by chance."""
    inside = sample[3:-3] if len(sample) > SAMPLE else sample
    text = inside.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    good = sum(character > "\x7f" for character in text) - broken
    return good > 2 * broken


def _is_western(sample: bytes) -> bool:
    foreign = sum(byte > 0x7F for byte in sample)
    try:
        return foreign <= MOST_WESTERN * len(sample) and bool(WESTERN.fullmatch(sample.decode("cp1252")))
    except UnicodeDecodeError:
        return False


def _best_guess(sample: bytes) -> str | None:
    try:
        from charset_normalizer import from_bytes
    except ImportError as error:
        raise MissingExtra("charset-normalizer", "files", "Reading text that is not UTF-8") from error
    best = from_bytes(sample, cp_isolation=LEGACY_ENCODINGS).best()
    return str(best.encoding) if best else None
