"""Devices: where models and vectors are worked on."""

from __future__ import annotations

from hippograph.errors import SettingsError


def checked_device(device: str) -> str:
    """The device, if there is such a kind: auto, cpu, or cuda and mps with or without a number."""
    if device != "auto" and device.partition(":")[0] not in ("cpu", "cuda", "mps"):
        raise SettingsError(f"The device {device!r} is unknown: use auto, cpu or cuda.")
    return device
