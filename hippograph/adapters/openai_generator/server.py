"""The server a generator talks to: its client, its address in messages, and its key, which no message may hold."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from pydantic import SecretStr

from hippograph.errors import MissingExtra, SettingsError
from hippograph.settings import GeneratorSettings
from hippograph.types import content_id

PACKAGES = ("openai", "json_repair", "jsonschema")
NO_KEY = "none"
"""What is sent where a server needs no key, as the client insists on one."""


class Server:
    """Where the model is. Raises SettingsError without a model's name or a needed key, MissingExtra without openai."""

    def __init__(self, settings: GeneratorSettings) -> None:
        for package in PACKAGES:
            if find_spec(package) is None:
                raise MissingExtra(package, "llm", "a language model behind a server")
        if not settings.model:
            raise SettingsError(
                f"No model is named for {settings.base_url}: set generator.model, "
                "for example HIPPOGRAPH_GENERATOR__MODEL=gpt-4o-mini"
            )
        self._settings = settings
        self._key = settings.read_key()
        self.has_key = self._key is not None
        self.model = settings.model
        self.address = settings.base_url

    def __repr__(self) -> str:
        return f"Server({self.address!r}, {self.model!r})"

    def fingerprint(self) -> str:
        """Changes with the server, its version and the model; never with the key."""
        return fingerprint_of(self._settings)

    def client(self) -> Any:
        """A fresh client, for one event loop. It does not retry: retrying is counted and paced here."""
        import openai

        common: dict[str, Any] = {
            "api_key": (self._key or SecretStr(NO_KEY)).get_secret_value(),
            "organization": self._settings.organisation or None,
            "timeout": self._settings.timeout_seconds,
            "max_retries": 0,
        }
        if self._settings.is_azure():
            return openai.AsyncAzureOpenAI(
                azure_endpoint=self.address, api_version=self._settings.api_version, **common
            )
        return openai.AsyncOpenAI(base_url=self.address, **common)

    def clean(self, text: str) -> str:
        """Text from outside, on one line and without the key, should the server have repeated it."""
        if self._key is not None:
            text = text.replace(self._key.get_secret_value(), "[key]")
        line = " ".join(text.split())
        return line if len(line) <= 300 else line[:299] + "…"


def fingerprint_of(settings: GeneratorSettings) -> str:
    """The fingerprint of the generator of these settings, without a key or a connection."""
    return content_id("openai-chat", settings.base_url, settings.api_version, settings.model)
