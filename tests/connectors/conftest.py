"""Files as people have them, and what a connector makes of them."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.folder import FolderConnector
from hippograph.types import Document, SourceFailure


@dataclass(frozen=True)
class Found:
    """The documents of a source by id, and its failures by the last part of their URI."""

    items: list[Document | SourceFailure]

    @property
    def documents(self) -> dict[str, Document]:
        return {item.id: item for item in self.items if isinstance(item, Document)}

    @property
    def failures(self) -> dict[str, str]:
        return {
            item.uri.rsplit("/", 1)[-1]: item.reason for item in self.items if isinstance(item, SourceFailure)
        }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to index, with room beside it."""
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def read() -> Callable[..., Found]:
    """Reads a folder and gives what was found in it."""

    def read_folder(root: Path, since=None, **globs) -> Found:
        return Found(list(FolderConnector(root, **globs).documents(since)))

    return read_folder


@pytest.fixture
def pdf_bytes() -> Callable[..., bytes]:
    """Makes a PDF by hand: one page a text, an information dictionary, and the cross-reference table."""

    def make(*pages: str, info: str = "") -> bytes:
        kids = " ".join(f"{4 + 2 * place} 0 R" for place in range(len(pages)))
        objects = [
            "<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
        for place, text in enumerate(pages):
            content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
            objects.append(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * place} 0 R"
                " /Resources << /Font << /F1 3 0 R >> >> >>"
            )
            objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        objects.append(f"<< {info} >>")
        out = io.BytesIO(b"%PDF-1.4\n")
        out.seek(0, io.SEEK_END)
        offsets = []
        for number, body in enumerate(objects, start=1):
            offsets.append(out.tell())
            out.write(f"{number} 0 obj\n{body}\nendobj\n".encode())
        start = out.tell()
        out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
        out.write(b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets))
        trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>"
        out.write(f"{trailer}\nstartxref\n{start}\n%%EOF\n".encode())
        return out.getvalue()

    return make
