"""A key is read where it is used and appears nowhere else: no log, no message, no traceback, no record."""

import json
import logging
import traceback

import pytest

from hippograph.adapters.openai_generator import OpenAIGenerator
from hippograph.errors import GenerationError, SettingsError
from hippograph.settings import GeneratorSettings, Settings
from hippograph.types import Message, ModelRequest
from tests.model_server import ModelServer
from tests.model_server_faults import Fault, Faults

CANARY = "sk-canary-7d1f0c9b2e"
QUESTION = ModelRequest((Message("user", "Which town?"),), "answer")
LOCAL = "http://127.0.0.1:1/v1"


@pytest.fixture
def canary(monkeypatch):
    """The key in the environment."""
    monkeypatch.setenv("TOY_KEY", CANARY)
    return "TOY_KEY"


def told(error):
    """All that a traceback of an error shows, the errors behind it included."""
    shown = "".join(traceback.format_exception(error))
    while error is not None:
        shown += repr(error) + str(error) + str(error.__dict__) + str(error.args)
        error = error.__cause__ or error.__context__
    return shown


@pytest.mark.parametrize(
    "trouble",
    [
        {"key": "another"},  # the server repeats the key in its refusal
        {"is_compatible": False},
        {"model": "another"},
        {"faults": Faults(script=[Fault.SERVER_ERROR] * 9)},
        {"faults": Faults(script=[Fault.RATE_LIMIT] * 9)},
        {"faults": Faults(script=[Fault.DROPPED] * 9)},
        {"faults": Faults(script=[Fault.TIME_OUT] * 9), "stall_seconds": 1},
    ],
)
def test_no_error_and_no_log_holds_the_key(canary, caplog, trouble):
    """At any level, of any package, also when the server repeats what it was sent."""
    pytest.importorskip("openai")
    caplog.set_level(logging.NOTSET)
    for name in ("openai", "httpx", "httpx2", "httpcore", "httpcore2", "hippograph"):
        caplog.set_level(logging.DEBUG, logger=name)
    with ModelServer("She was born in Marren.", **trouble) as server:
        settings = server.settings(key_env=canary, model="toy-model", max_retries=1, timeout_seconds=0.3)
        generator = OpenAIGenerator(settings)
        with pytest.raises(GenerationError) as one:
            generator.generate(QUESTION)
        with pytest.raises(GenerationError) as streamed:
            list(generator.stream(QUESTION))
        generator.close()

    logged = "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "openai" in {record.name.split(".")[0] for record in caplog.records}
    assert CANARY not in logged + told(one.value) + told(streamed.value)


def test_the_key_does_reach_the_server(canary):
    """Otherwise the tests above would prove nothing."""
    pytest.importorskip("openai")
    with ModelServer(key=CANARY) as server:
        generator = OpenAIGenerator(server.settings(key_env=canary))
        reply = generator.generate(QUESTION)
        generator.close()

    assert reply.text == "Yes."
    assert server.chats()[0].headers["authorization"] == f"Bearer {CANARY}"


def test_no_repr_fingerprint_or_record_holds_the_key(canary):
    """Settings are written into every index; they know the key's place only."""
    settings = Settings(generator={"base_url": LOCAL, "model": "m", "key_env": canary})
    generator = OpenAIGenerator(settings.generator)

    shown = repr(settings) + settings.model_dump_json() + json.dumps(settings.model_dump(mode="json"))
    for part in (generator, generator._calls, generator._calls.server):
        shown += repr(part) + repr(vars(part))

    assert CANARY not in shown + generator.name + generator.fingerprint
    assert '"TOY_KEY"' in settings.model_dump_json()


def test_another_key_is_the_same_model(monkeypatch):
    """The fingerprint follows model and server, not who pays."""
    fingerprints = set()
    for key in ("one", "two"):
        monkeypatch.setenv("TOY_KEY", key)
        fingerprints.add(
            OpenAIGenerator(GeneratorSettings(base_url=LOCAL, model="m", key_env="TOY_KEY")).fingerprint
        )
    others = [
        OpenAIGenerator(GeneratorSettings(base_url=LOCAL, model="n")).fingerprint,
        OpenAIGenerator(GeneratorSettings(base_url="http://127.0.0.1:2/v1", model="m")).fingerprint,
    ]

    assert len(fingerprints) == 1
    assert len(fingerprints | set(others)) == 3


def test_openais_key_is_sent_to_openai_only(monkeypatch):
    """Another server gets none unless the settings name one for it."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-canary")

    local = GeneratorSettings(base_url=LOCAL, model="m")
    own = GeneratorSettings(model="m")
    azure = GeneratorSettings(base_url="https://mine.openai.azure.com", api_version="2024-10-21", model="m")

    assert local.read_key() is None
    assert own.read_key().get_secret_value() == CANARY
    assert azure.read_key().get_secret_value() == "azure-canary"


def test_a_local_server_is_sent_no_key_of_the_environment(monkeypatch):
    """Not even through the package's own look at the environment."""
    pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    with ModelServer() as server:
        generator = OpenAIGenerator(server.settings())
        generator.generate(QUESTION)
        generator.close()

    assert CANARY not in str(server.chats()[0].headers)


def test_without_a_key_one_sentence_says_what_to_do(monkeypatch):
    """Before anything is sent: the variable, the settings, and the way without a key."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    with pytest.raises(SettingsError) as caught:
        OpenAIGenerator(GeneratorSettings(model="gpt-4o-mini"))

    for word in ("api.openai.com", "OPENAI_API_KEY", "generator.key_file", "local server"):
        assert word in str(caught.value)


@pytest.mark.parametrize("key", ["two words", "späth", "line\nline", "\x07"])
def test_what_cannot_be_a_key_is_refused_without_being_shown(monkeypatch, tmp_path, key):
    """The client would put it into its own error."""
    (tmp_path / "key").write_text(key)

    with pytest.raises(SettingsError, match="not a key") as caught:
        GeneratorSettings(base_url=LOCAL, model="m", key_file=tmp_path / "key").read_key()

    assert key not in told(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    """A folder in its place, or nothing at all."""
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(SettingsError, match="cannot be read") as caught:
            GeneratorSettings(base_url=LOCAL, model="m", key_file=path).read_key()
        assert str(path) in str(caught.value)


def test_a_file_of_bytes_is_no_key_and_is_not_shown(tmp_path):
    """As when the wrong file was named."""
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00zebra")

    with pytest.raises(SettingsError, match="not a key") as caught:
        GeneratorSettings(base_url=LOCAL, model="m", key_file=tmp_path / "bytes").read_key()

    assert "zebra" not in told(caught.value)


def test_the_mark_that_some_editors_put_first_is_no_part_of_the_key(tmp_path):
    """A file written by Notepad."""
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbfthe-key\r\n")

    key = GeneratorSettings(base_url=LOCAL, model="m", key_file=tmp_path / "key").read_key()

    assert key.get_secret_value() == "the-key"


@pytest.mark.parametrize(
    "section",
    [
        {"api_key": CANARY},
        {"key": CANARY},
        {"base_url": f"http://user:{CANARY}@localhost/v1"},
        {"base_url": f"http://localhost/v1?key={CANARY}"},
        {"base_url": CANARY},
    ],
)
def test_a_key_in_a_wrong_place_is_refused_without_being_shown(section):
    """In a setting that does not exist, or inside an address, which messages show."""
    with pytest.raises(SettingsError, match="generator") as caught:
        Settings.load(generator=section)

    assert CANARY not in told(caught.value)


def test_azure_is_asked_by_its_own_address_and_header(monkeypatch):
    """The deployment stands in the path, the version in the query, the key in a header of its own."""
    pytest.importorskip("openai")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", CANARY)
    with ModelServer(key=CANARY) as server:
        settings = server.settings(base_url=server.base_url.removesuffix("/v1"), api_version="2024-10-21")
        generator = OpenAIGenerator(settings)
        reply = generator.generate(QUESTION)
        generator.close()

    call = server.chats()[0]
    assert reply.text == "Yes."
    assert call.path == "/openai/deployments/toy-model/chat/completions?api-version=2024-10-21"
    assert call.headers["api-key"] == CANARY


def test_the_organisation_is_told_to_the_server():
    """By the header OpenAI has for it."""
    pytest.importorskip("openai")
    with ModelServer() as server:
        generator = OpenAIGenerator(server.settings(organisation="org-toy"))
        generator.generate(QUESTION)
        generator.close()

    assert server.chats()[0].headers["openai-organization"] == "org-toy"
