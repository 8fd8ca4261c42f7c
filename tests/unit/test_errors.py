"""The error tree is as it is drawn, and says what to do."""

import copy
import inspect
import re

import pytest

from hippograph import errors
from hippograph.errors import HippographError, MissingExtra, RateLimited


def drawn():
    """Each class of the drawing with the one above it."""
    above, tree = {}, {}
    for line in inspect.getdoc(errors).splitlines():
        if match := re.match(r"((?:│   |    )*(?:[├└]── )?)(\w+)(?:  |$)", line):
            depth = len(match[1]) // 4
            above[depth] = match[2]
            tree[match[2]] = above.get(depth - 1)
    return tree


def defined():
    """Each class of the module with its base."""
    classes = inspect.getmembers(
        errors, lambda member: inspect.isclass(member) and member.__module__ == errors.__name__
    )
    return {name: None if class_ is HippographError else class_.__base__.__name__ for name, class_ in classes}


def test_the_tree_is_as_it_is_drawn():
    """Every drawn error exists below the one it is drawn under, and none is missing from the drawing."""
    assert drawn() == defined()
    assert len(drawn()) > 10


def test_only_what_may_pass_by_itself_is_retryable():
    """Waiting helps against another writer, and a source, a model's server or workers out of reach; nothing else."""
    retryable = {name for name in defined() if getattr(errors, name).retryable}

    assert retryable == {
        "PublishConflict",
        "RateLimited",
        "ModelUnavailable",
        "SourceUnavailable",
        "WorkersUnavailable",
    }


@pytest.mark.parametrize(
    "error",
    [
        MissingExtra("pypdf", "files", "Reading PDF"),
        RateLimited("slow down", 12.5),
        errors.StorageError("full"),
    ],
)
def test_an_error_survives_the_way_to_another_process(error):
    """Class, message and all it carries are the same after it was copied as a process sends it."""
    copied = copy.copy(error)

    assert type(copied) is type(error)
    assert (str(copied), vars(copied)) == (str(error), vars(error))


def test_a_missing_extra_says_what_to_install():
    """The package, what it is for, and the command."""
    error = MissingExtra("pypdf", "files", "Reading PDF")

    assert str(error) == (
        "Reading PDF needs the package 'pypdf', which is not installed. "
        "Install it with: pip install 'hippograph[files]'"
    )
    assert (error.package, error.extra) == ("pypdf", "files")


@pytest.mark.parametrize("seconds", [None, 12.5])
def test_a_rate_limit_says_how_long(seconds):
    """Where the server told when to come back, the error does."""
    assert RateLimited("slow down", seconds).retry_after == seconds
