"""PDF and Word: text in reading order, and what to do when there is none."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

pypdf = pytest.importorskip("pypdf")
docx = pytest.importorskip("docx")


def test_a_pdf_is_the_text_of_its_pages(folder, read, pdf_bytes):
    """Pages are set off by a blank line; title and date are the file's own."""
    info = "/Title (The Report) /CreationDate (D:20260105110000Z)"
    (folder / "a.pdf").write_bytes(pdf_bytes("First page.", "Second page.", info=info))

    (document,) = read(folder).documents.values()

    assert document.text == "First page.\n\nSecond page."
    assert document.title == "The Report"
    assert document.timestamp == datetime(2026, 1, 5, 11, tzinfo=UTC)
    assert document.metadata["pages"] == 2
    assert document.media_type == "application/pdf"


def test_a_pdf_without_title_takes_its_name(folder, read, pdf_bytes):
    """An untitled PDF is called by its file's stem."""
    (folder / "some-report.pdf").write_bytes(pdf_bytes("Text."))

    assert [document.title for document in read(folder).documents.values()] == ["some report"]


def test_a_pdf_without_text_asks_for_ocr(folder, read):
    """A page without text looks like a scan, and the sentence says what to do."""
    writer = pypdf.PdfWriter()
    writer.add_blank_page(width=72, height=72)
    writer.write(folder / "scan.pdf")

    found = read(folder)

    assert "OCR" in found.failures["scan.pdf"]
    assert found.documents == {}


def test_a_locked_pdf_says_so(folder, read, pdf_bytes):
    """With a password of its user it is refused; with only an owner's password it is read."""
    for name, password in (("locked.pdf", "secret"), ("open.pdf", "")):
        writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_bytes("Text.")))
        writer.encrypt(password, "owner", algorithm="RC4-128")
        writer.write(folder / name)

    found = read(folder)

    assert "encrypted" in found.failures["locked.pdf"]
    assert found.documents["open.pdf"].text == "Text."


def test_a_damaged_page_is_left_out_and_told(folder, read, pdf_bytes, monkeypatch):
    """One page that cannot be read does not lose the others."""
    honest = pypdf.PageObject.extract_text

    def fail_on_second(page):
        text = honest(page)
        if "Second" in text:
            raise KeyError("/Font")
        return text

    monkeypatch.setattr(pypdf.PageObject, "extract_text", fail_on_second)
    (folder / "a.pdf").write_bytes(pdf_bytes("First page.", "Second page.", "Third page."))

    found = read(folder)

    assert found.documents["a.pdf"].text == "First page.\n\nThird page."
    assert "Page 2" in found.failures["a.pdf#page=2"]


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_truncated_pdf_is_text_or_a_failure(folder, read, pdf_bytes, cut, capfd):
    """However much of the file is missing, nothing is raised and nothing is printed."""
    whole = pdf_bytes("First page.", "Second page.")
    (folder / "a.pdf").write_bytes(whole[: len(whole) * cut // 10])

    found = read(folder)

    assert len(found.documents) + len(found.failures) >= 1
    assert capfd.readouterr() == ("", "")


def test_a_word_document_keeps_its_order(folder, read):
    """Headings, paragraphs, lists and tables come as they stand; headings as Markdown headings."""
    document = docx.Document()
    document.core_properties.title = "The Minutes"
    document.add_heading("Minutes", 0)
    document.add_heading("Present", 1)
    document.add_paragraph("Ada and ")
    document.paragraphs[-1].add_run("Bob").bold = True
    table = document.add_table(rows=2, cols=3)
    for place, text in enumerate(("Name", "Role", "", "Ada", "Chair", "x")):
        table.cell(place // 3, place % 3).text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    document.add_paragraph("Buy bread", style="List Bullet")
    document.add_heading("End", 2)
    document.save(folder / "a.docx")

    (found,) = read(folder).documents.values()

    assert found.title == "The Minutes"
    assert found.text == (
        "# Minutes\n\n# Present\n\nAda and Bob\n\nName | Role\nAda | Chair | x\n\n- Buy bread\n\n## End"
    )


def test_a_word_document_without_a_title_takes_its_first_heading(folder, read):
    """Then the file's stem."""
    for name, heading in (("a.docx", "Minutes of May"), ("b-c.docx", "")):
        document = docx.Document()
        document.core_properties.title = ""
        if heading:
            document.add_heading(heading, 1)
        document.add_paragraph("Text.")
        document.save(folder / name)

    assert [document.title for document in read(folder).documents.values()] == ["Minutes of May", "b c"]


def test_a_word_document_that_unpacks_without_end_is_refused(folder, read, monkeypatch):
    """A small archive may not fill the memory."""
    monkeypatch.setattr("connectors.parsers.docx.MOST_UNPACKED", 1000)
    with zipfile.ZipFile(folder / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "x" * 10_000)

    assert "unpacks to more" in read(folder).failures["bomb.docx"]


def test_a_zip_that_is_no_word_document_is_damaged(folder, read):
    """An archive of other things is refused in a sentence."""
    with zipfile.ZipFile(folder / "a.docx", "w") as archive:
        archive.writestr("hello.txt", "hello")

    assert "damaged" in read(folder).failures["a.docx"]
