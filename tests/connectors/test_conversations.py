"""Conversations become sessions: who said what when, in which order dates are read, and what is told of bad input."""

from __future__ import annotations

import io
import json
import mailbox
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from connectors.by_uri import connector_for
from connectors.conversations.chat_json import read_chat_json
from connectors.conversations.dates import Order, decide_order
from connectors.conversations.turns import Cut, Turn, sessions
from connectors.conversations.whatsapp import looks_like_whatsapp, read_whatsapp
from connectors.parsers.entries import BrokenEntry, Entry, UnreadableFile
from hippograph.errors import ConnectorError
from hippograph.ports import Connector
from hippograph.types import Document, SourceFailure, Unchanged

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def test_a_pause_longer_than_the_gap_begins_a_session() -> None:
    """Two turns six hours apart are one session; a second more, and they are two."""
    first = Turn("Ana", "Hello", START)
    near, far = START + timedelta(hours=6), START + timedelta(hours=6, seconds=1)

    assert len(list(sessions([first, Turn("Bo", "Hi", near)], Cut()))) == 1
    assert len(list(sessions([first, Turn("Bo", "Hi", far)], Cut()))) == 2


def test_by_day_a_session_ends_at_midnight_of_the_zone() -> None:
    """By day, turns a minute apart part where the zone's date changes, and only there."""
    from zoneinfo import ZoneInfo

    late = datetime(2026, 1, 5, 22, 59, 30, tzinfo=UTC)  # 23:59:30 in Berlin
    turns = [Turn("Ana", "Still up?", late), Turn("Bo", "Yes", late + timedelta(minutes=1))]

    assert len(list(sessions(turns, Cut(by_day=True, zone=ZoneInfo("Europe/Berlin"))))) == 2
    assert len(list(sessions(turns, Cut(by_day=True)))) == 1


def test_a_thread_is_one_session_however_long_it_pauses() -> None:
    """Replies weeks later stand with what they reply to, and not between the turns around them."""
    turns = [
        Turn("Ana", "Who bakes?", START, "general", "t1"),
        Turn("Bo", "Morning", START + timedelta(minutes=1), "general"),
        Turn("Bo", "I do", START + timedelta(days=20), "general", "t1"),
    ]

    found = [[turn.text for turn in session] for session in sessions(turns, Cut())]

    assert found == [["Who bakes?", "I do"], ["Morning"]]


WHATSAPP = {
    "ios": "[13/01/2026, 09:00:12] Ana: Hello\n[13/01/2026, 09:01:00] Bo: Hi\nthere",
    "ios with am": "\u200e[1/13/26, 9:00:12\u202fAM] Ana: Hello\n[1/13/26, 9:01:00\u202fAM] Bo: Hi\nthere",
    "android": "13/01/2026, 09:00 - Ana: Hello\n13/01/2026, 09:01 - Bo: Hi\nthere",
    "android with am": "1/13/26, 9:00 AM - Ana: Hello\n1/13/26, 9:01 AM - Bo: Hi\nthere",
    "german": "13.01.26, 09:00 - Ana: Hello\n13.01.26, 09:01 - Bo: Hi\nthere",
    "year first": "2026-01-13, 09:00 - Ana: Hello\n2026-01-13, 09:01 - Bo: Hi\nthere",
    "spanish": "13/1/2026, 9:00 a. m. - Ana: Hello\n13/1/2026, 9:01 a. m. - Bo: Hi\nthere",
}


@pytest.mark.parametrize("form", WHATSAPP)
def test_every_form_of_whatsapp_gives_the_same_session(form: str) -> None:
    """Brackets or a dash, 12 or 24 hours, day, month or year first: the same turns at the same times."""
    (entry,) = read(WHATSAPP[form])

    assert entry.text == "Ana: Hello\nBo: Hi there"
    assert entry.timestamp is not None
    assert entry.timestamp.replace(second=0) == datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
    assert entry.metadata["speakers"] == "Ana, Bo"
    assert str(entry.metadata["turn_times"]).split()[1] == "2026-01-13T09:01:00+00:00"


def test_what_the_app_says_and_missing_media_are_left_out() -> None:
    """Who joined and `<Media omitted>` are nobody's words."""
    (entry,) = read(
        "13/01/2026, 09:00 - Messages are end-to-end encrypted.\n13/01/2026, 09:01 - Ana: <Media omitted>\n"
        "13/01/2026, 09:02 - Ana: Look"
    )

    assert entry.text == "Ana: Look"


def test_a_clock_of_a_zone_is_read_in_that_zone() -> None:
    """Exports write local times: nine in Berlin is eight in UTC in winter."""
    from zoneinfo import ZoneInfo

    (entry,) = read(WHATSAPP["ios"], Cut(zone=ZoneInfo("Europe/Berlin")))

    assert entry.timestamp == datetime(2026, 1, 13, 8, 0, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (["03/04/2026", "13/04/2026"], Order.DAY),
        (["03/04/2026", "04/13/2026"], Order.MONTH),
        (["2026/04/03", "2026/04/13"], Order.YEAR),
        (["03.04.2026", "04.04.2026"], Order.DAY),
        (["04/04/2026"], Order.DAY),
        (["01/02/2026", "01/03/2026", "02/01/2026"], Order.MONTH),
        (["01/02/2026", "02/02/2026", "01/03/2026"], Order.DAY),
    ],
)
def test_the_whole_file_decides_which_part_of_a_date_comes_first(dates: list[str], order: Order) -> None:
    """A part above twelve decides, then the year, then dots, then that time does not run backwards."""
    assert decide_order(dates) is order


def test_dates_that_nothing_decides_are_asked_about_and_never_guessed() -> None:
    """Two dates that run forward either way: the message says what to add, and that decides."""
    dates = ["01/02/2026", "02/03/2026"]

    with pytest.raises(UnreadableFile, match=r"\?dates=dmy or \?dates=mdy"):
        decide_order(dates)
    assert decide_order(dates, Order.MONTH) is Order.MONTH


def test_dates_that_contradict_each_other_are_refused() -> None:
    """13/01 can only have the day first and 01/13 only the month: both in one file are an error."""
    with pytest.raises(UnreadableFile, match="only have the day first"):
        decide_order(["13/01/2026", "01/13/2026"])
    with pytest.raises(UnreadableFile, match="no date in the order mdy"):
        decide_order(["13/01/2026"], Order.MONTH)


def test_a_time_of_day_that_is_none_costs_its_message_only() -> None:
    """The message at 27:00 is told with its line; the others are kept."""
    found = list(read_all("13/01/2026, 27:00 - Ana: Hello\n13/01/2026, 09:01 - Bo: Hi"))

    assert [each.place for each in found if isinstance(each, BrokenEntry)] == ["line=1"]
    assert [each.text for each in found if isinstance(each, Entry)] == ["Bo: Hi"]


def test_prose_is_not_taken_for_a_chat() -> None:
    """A text is an export only when it begins with a stamp; a date at the start of a line is no stamp."""
    assert looks_like_whatsapp(WHATSAPP["ios"])
    assert not looks_like_whatsapp("13/01/2026, 09:00 was when it began: slowly.\nThen it rained.")


JSONS: dict[str, Any] = {
    "list": [
        {"speaker": "Ana", "text": "Hello", "time": "2026-01-05T09:00:00Z"},
        {"speaker": "Bo", "text": "Hi", "time": "2026-01-05T09:01:00Z"},
    ],
    "object": {
        "messages": [
            {"from": "Ana", "text": [{"type": "plain", "text": "Hel"}, "lo"], "date": "2026-01-05 09:00"},
            {"from": "Bo", "text": "Hi", "date": "2026-01-05 09:01"},
        ]
    },
    "unix": {
        "conversations": [
            {
                "messages": [
                    {"author": {"name": "Bo"}, "content": {"parts": ["Hi"]}, "create_time": 1767603660},
                    {"author": {"name": "Ana"}, "content": {"parts": ["Hello"]}, "create_time": 1767603600},
                ]
            }
        ]
    },
    "digits": [
        {"sender": "Ana", "message": "Hello", "date": "1/5/2026 9:00 AM"},
        {"sender": "Bo", "message": "Hi", "date": "1/5/2026 9:01 AM"},
        {"sender": "Bo", "message": "", "date": "1/15/2026 9:01 AM"},
    ],
}


@pytest.mark.parametrize("form", JSONS)
def test_every_form_of_json_gives_the_same_session(form: str) -> None:
    """Lists, nested chats, texts in pieces, Unix times and dates in digits: the same turns in order of time."""
    (entry,) = [
        each for each in read_chat_json(stream(json.dumps(JSONS[form])), Cut()) if isinstance(each, Entry)
    ]

    assert entry.text == "Ana: Hello\nBo: Hi"
    assert entry.metadata["turn_times"] == "2026-01-05T09:00:00+00:00 2026-01-05T09:01:00+00:00"


def test_a_broken_message_is_told_and_the_others_are_kept() -> None:
    """No text, a time that is none, and a line that is no JSON: each with its place."""
    lines = [
        '{"speaker": "Ana", "text": "Hello", "time": "2026-01-05T09:00:00Z"}',
        '{"speaker": "Bo", "time": "2026-01-05T09:00:00Z"}',
        '{"speaker": "Bo", "text": "Hi", "time": "yesterday"}',
        "{broken",
    ]

    found = list(read_chat_json(stream("\n".join(lines)), Cut()))

    assert [each.text for each in found if isinstance(each, Entry)] == ["Ana: Hello"]
    assert [each.place for each in found if isinstance(each, BrokenEntry)] == ["line=2", "line=3", "line=4"]


def test_slack_gives_sessions_by_channel_and_threads_with_names(tmp_path: Path) -> None:
    """Users are named, mentions read, threads gathered over days, and joins left out: from a folder and from a zip."""
    expected = [
        "Ana Vik: Who bakes, @Bo?\nBo: I do",
        "Bo: Morning & good day",
    ]

    folder = connector_for(f"slack:{slack_export(tmp_path / 'export')}")
    zipped = connector_for(str(slack_zip(tmp_path)))

    for connector in (folder, zipped):
        documents = [each for each in connector.documents() if isinstance(each, Document)]
        assert [each.text for each in documents] == expected
        assert documents[0].timestamp == START
        assert documents[0].metadata["channel"] == "general"


def test_a_slack_folder_is_recognised_and_read_again_only_where_it_changed(tmp_path: Path) -> None:
    """The channel with a new file is read, the other one is not."""
    root = slack_export(tmp_path / "export")
    write(
        root / "random" / "2026-01-05.json",
        [{"type": "message", "user": "U2", "text": "x", "ts": "1767603600"}],
    )
    settle(root)
    connector = connector_for(str(root))
    marks = marks_of(connector)

    assert all(isinstance(each, Unchanged) for each in changed(connector, marks))

    write(
        root / "random" / "2026-01-06.json",
        [{"type": "message", "user": "U2", "text": "y", "ts": "1767690000"}],
    )
    again = list(changed(connector, marks))

    assert {each.id.split("#")[0] for each in again if isinstance(each, Unchanged)} == {"general"}
    assert [each.text for each in again if isinstance(each, Document)] == ["Bo: x", "Bo: y"]


def test_mail_threads_are_sessions_without_quotes_and_signatures(tmp_path: Path) -> None:
    """A reply joins its thread by its references, another by its subject; what it quotes is left out."""
    path = tmp_path / "mail.mbox"
    box = mailbox.mbox(path)
    for sender, subject, own, refers, text, day in [
        ("Ana <ana@a.org>", "Roof", "<1@a>", "", "The roof leaks.", 5),
        (
            "Bo <bo@a.org>",
            "Re: Roof",
            "<2@a>",
            "<1@a>",
            "I know.\n\nOn Monday Ana wrote:\n> The roof leaks.",
            6,
        ),
        ("Cy <cy@a.org>", "AW: Roof", "<3@a>", "", "Fixed.\n-- \nCy", 7),
        ("Cy <cy@a.org>", "Lunch", "<4@a>", "", "At noon?", 8),
    ]:
        message = EmailMessage()
        message["From"], message["Subject"], message["Message-ID"] = sender, subject, own
        message["Date"] = f"{day:02} Jan 2026 09:00:00 +0000"
        if refers:
            message["References"] = refers
        message.set_content(text)
        box.add(message)
    box.close()

    documents = [each for each in connector_for(str(path)).documents() if isinstance(each, Document)]

    assert [each.text for each in documents] == [
        "Ana: The roof leaks.\nBo: I know.\nCy: Fixed.",
        "Cy: At noon?",
    ]
    assert documents[0].title.startswith("Roof")


def test_a_chat_keeps_the_ids_of_its_sessions_while_it_grows(tmp_path: Path) -> None:
    """A session that goes on and one that begins: the first keeps its id, so it changes and is not replaced."""
    path = tmp_path / "chat.txt"
    path.write_text("13/01/2026, 09:00 - Ana: Hello\n", encoding="utf-8")
    before = [each.id for each in connector_for(str(path)).documents() if isinstance(each, Document)]

    path.write_text(
        "13/01/2026, 09:00 - Ana: Hello\n13/01/2026, 09:05 - Bo: Hi\n14/01/2026, 09:00 - Ana: Up?\n",
        encoding="utf-8",
    )
    after = [each.id for each in connector_for(str(path)).documents() if isinstance(each, Document)]

    assert before == ["chat.txt#20260113T090000"]
    assert after == ["chat.txt#20260113T090000", "chat.txt#20260114T090000"]


def test_a_chat_file_that_stands_still_is_not_read_again(tmp_path: Path) -> None:
    """By the marks of its sessions the file is as it was."""
    path = tmp_path / "chat.txt"
    path.write_text(WHATSAPP["ios"], encoding="utf-8")
    settle(tmp_path)
    connector = connector_for(f"whatsapp:{path}")

    again = list(changed(connector, marks_of(connector)))

    assert again
    assert all(isinstance(each, Unchanged) for each in again)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("gap=soon", "no pause"),
        ("by=moon", "unknown"),
        ("zone=Mars/Base", "zone"),
        ("dates=xyz", "dmy, mdy or ymd"),
        ("colour=red", "says nothing"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(tmp_path: Path, query: str, complaint: str) -> None:
    """Each wrong option is named, with what may be said."""
    path = tmp_path / "chat.txt"
    path.write_text(WHATSAPP["ios"], encoding="utf-8")

    with pytest.raises(ConnectorError, match=complaint):
        connector_for(f"whatsapp:{path}?{query}")


def test_an_ambiguous_file_says_so_and_an_option_settles_it(tmp_path: Path) -> None:
    """The failure names the option; with it the file is read."""
    path = tmp_path / "chat.txt"
    path.write_text("01/02/2026, 09:00 - Ana: Hello\n02/03/2026, 09:00 - Bo: Hi\n", encoding="utf-8")

    (failure,) = connector_for(f"whatsapp:{path}").documents()
    settled = list(connector_for(f"whatsapp:{path}?dates=mdy").documents())

    assert isinstance(failure, SourceFailure)
    assert "dates=dmy" in failure.reason
    assert [each.timestamp for each in settled if isinstance(each, Document)] == [
        datetime(2026, 1, 2, 9, tzinfo=UTC),
        datetime(2026, 2, 3, 9, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("kind", "name", "content", "complaint"),
    [
        ("whatsapp", "a.txt", "Dear diary", "No line of it begins"),
        ("chat", "a.json", "{broken", "not JSON"),
        ("chat", "a.json", '{"rows": 3}', "no text"),
        ("mbox", "a.mbox", "Dear diary", "no mbox"),
        ("slack", "a.zip", "PK broken", "damaged"),
    ],
)
def test_what_is_no_export_is_one_clear_failure(
    tmp_path: Path, kind: str, name: str, content: str, complaint: str
) -> None:
    """A file of another shape gives no document and a reason that says what is wrong."""
    (tmp_path / name).write_text(content, encoding="utf-8")

    found = list(connector_for(f"{kind}:{tmp_path / name}").documents())

    assert not [each for each in found if isinstance(each, Document)]
    assert any(isinstance(each, SourceFailure) and complaint in each.reason for each in found)


# --------------------------------------------------------------------------- helpers


def stream(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode())


def read_all(text: str, cut: Cut | None = None) -> Iterator[Entry | BrokenEntry]:
    return read_whatsapp(stream(text), cut or Cut())


def read(text: str, cut: Cut | None = None) -> list[Entry]:
    return [each for each in read_all(text, cut) if isinstance(each, Entry)]


def write(path: Path, rows: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows), encoding="utf-8")


def slack_export(root: Path) -> Path:
    write(
        root / "users.json",
        [{"id": "U1", "name": "ana", "profile": {"real_name": "Ana Vik"}}, {"id": "U2", "name": "Bo"}],
    )
    write(root / "channels.json", [{"name": "general"}])
    ts = START.timestamp()
    thread = f"{ts:.4f}"
    write(
        root / "general" / "2026-01-05.json",
        [
            {
                "type": "message",
                "user": "U1",
                "text": "Who bakes, <@U2>?",
                "ts": thread,
                "thread_ts": thread,
                "reply_count": 1,
            },
            {"type": "message", "subtype": "channel_join", "user": "U2", "text": "joined", "ts": f"{ts + 1}"},
            {"type": "message", "user": "U2", "text": "Morning &amp; good day", "ts": f"{ts + 60}"},
        ],
    )
    write(
        root / "general" / "2026-01-25.json",
        [{"type": "message", "user": "U2", "text": "I do", "ts": f"{ts + 20 * 86400}", "thread_ts": thread}],
    )
    return root


def slack_zip(folder: Path) -> Path:
    root = slack_export(folder / "for_zip")
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(root.rglob("*.json")):
            archive.write(file, file.relative_to(root).as_posix())
    return path


def settle(root: Path) -> None:
    """Set all files back, so that their times are believed."""
    for file in root.rglob("*"):
        os.utime(file, (1_700_000_000, 1_700_000_000))


def changed(connector: Connector, marks: dict[Any, str]) -> Iterator[Document | Unchanged | SourceFailure]:
    found: Iterator[Document | Unchanged | SourceFailure] = connector.changed_documents(marks)  # type: ignore[attr-defined]
    return found


def marks_of(connector: Connector) -> dict[Any, str]:
    return {each.id: each.mark for each in changed(connector, {}) if isinstance(each, Document)}
