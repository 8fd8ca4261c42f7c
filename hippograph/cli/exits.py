"""How a command ends: one sentence on standard error and an exit code, never a traceback."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from hippograph.errors import HippographError, QuestionError, SettingsError

WORK_FAILED, CALL_WRONG, INTERRUPTED = 1, 2, 130
DEBUG = "HIPPOGRAPH_DEBUG"


class Guarded(TyperGroup):
    """A group of commands whose errors become one sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command. Raises typer.Exit with 1 when its work failed, 2 when it was called wrongly."""
        try:
            return super().invoke(ctx)
        except HippographError as error:
            _say(str(error))
            raise typer.Exit(
                CALL_WRONG if isinstance(error, SettingsError | QuestionError) else WORK_FAILED
            ) from error
        except KeyboardInterrupt as stop:
            _say(
                "Stopped. Nothing that was finished is lost: the same command carries on from here.", "yellow"
            )
            raise typer.Exit(INTERRUPTED) from stop
        except BrokenPipeError as error:
            _hush_standard_output()
            raise typer.Exit(0) from error
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            # Wrong calls carry their own exit code, and typer tells them with a line of usage.
            if hasattr(error, "exit_code") or os.environ.get(DEBUG):
                raise
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                _say("The disk is full. Free some space and run the same command again.")
            elif isinstance(error, OSError) and error.filename:
                _say(f"{error.filename}: {error.strerror}.")
            else:
                _say(
                    f"This should not have happened: {type(error).__name__}: {error}. "
                    f"Run with {DEBUG}=1 for the traceback."
                )
            raise typer.Exit(WORK_FAILED) from error


def wrong_call(option: str, words: str) -> typer.BadParameter:
    """The error that says which option of a call is wrong."""
    return typer.BadParameter(words, param_hint=f"'{option}'")


def prepare_streams() -> None:
    """Let text that the terminal's encoding lacks be printed as escapes, and what nobody hears be lost."""
    # Python leaves None in place of a stream that the caller closed.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _say(words: str, style: str = "red") -> None:
    console = Console(stderr=True, soft_wrap=not sys.stderr.isatty())
    console.print(Text(words, style=style))


def _hush_standard_output() -> None:
    """The reader of the pipe is gone; nothing more can be said, and Python would complain at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
