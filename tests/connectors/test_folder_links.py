"""Links below a folder: followed inside it, refused out of it and into loops."""

import os

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


@pytest.fixture
def home(folder):
    """A folder with one real document in a folder of its own."""
    (folder / "real").mkdir()
    (folder / "real" / "a.md").write_text("x")
    return folder


@pytest.mark.parametrize("name", ["secret.md", "secret", "real/secret.md"])
def test_a_link_to_a_file_outside_is_refused(home, read, tmp_path, name):
    """A file outside the root is not read through a link, and the link is reported."""
    (tmp_path / "secret.md").write_text("secret")
    (home / name).symlink_to(tmp_path / "secret.md")

    found = read(home)

    assert list(found.documents) == ["real/a.md"]
    assert list(found.failures) == [name.rsplit("/")[-1]]
    assert all("outside" in reason for reason in found.failures.values())


def test_a_link_to_a_folder_outside_is_refused(home, read, tmp_path):
    """A folder beside the root is not walked, not even one whose name begins like the root's."""
    (tmp_path / "root2").mkdir()
    (tmp_path / "root2" / "b.md").write_text("secret")
    (home / "link").symlink_to(tmp_path / "root2")
    (home / "chain").symlink_to(home / "link")

    found = read(home)

    assert list(found.documents) == ["real/a.md"]
    assert sorted(found.failures) == ["chain", "link"]
    assert all("outside" in reason for reason in found.failures.values())


@pytest.mark.parametrize("target", [".", "..", "../real"])
def test_a_link_to_a_folder_above_is_a_loop(home, read, target):
    """A link to a folder that contains it would be walked for ever; it is reported instead."""
    (home / "real" / "loop").symlink_to(target)

    found = read(home)

    assert list(found.documents) == ["real/a.md"]
    assert list(found.failures) == ["loop"]
    assert "leads back" in found.failures["loop"]


def test_links_to_each_other_are_loops(home, read):
    """Links that lead to one another are reported, each once."""
    (home / "one").symlink_to("two")
    (home / "two").symlink_to("one")
    (home / "self.md").symlink_to("self.md")

    found = read(home)

    assert sorted(found.failures) == ["one", "self.md", "two"]
    assert all("leads back" in reason for reason in found.failures.values())


def test_folders_that_link_to_each_other_end(home, read):
    """Two folders that hold links to one another are walked once each."""
    (home / "other").mkdir()
    (home / "other" / "b.md").write_text("x")
    (home / "other" / "to").symlink_to("../real")
    (home / "real" / "to").symlink_to("../other")

    assert list(read(home).documents) == ["other/b.md", "real/a.md"]


def test_a_link_that_leads_nowhere_is_reported(home, read):
    """A dangling link is a failure, since what it stood for is missing from the index."""
    (home / "gone.md").symlink_to("nothing.md")

    assert "nowhere" in read(home).failures["gone.md"]


def test_a_file_is_read_once_under_its_own_name(home, read):
    """Links to what is read anyway add nothing."""
    (home / "again.md").symlink_to("real/a.md")
    (home / "all").symlink_to("real")

    found = read(home)

    assert list(found.documents) == ["real/a.md"]
    assert found.failures == {}


def test_a_file_reachable_only_through_links_is_read_under_the_first(home, read):
    """A hidden store that links make visible is read through them, as if the files lay there."""
    (home / ".store").mkdir()
    (home / ".store" / "x1.md").write_text("stored")
    (home / "z.md").symlink_to(".store/x1.md")
    (home / "b.md").symlink_to(".store/x1.md")
    (home / "shelf").symlink_to(".store")
    (home / ".store" / "x2.md").write_text("on the shelf")

    found = read(home)

    assert list(found.documents) == ["b.md", "real/a.md", "shelf/x2.md"]
    assert found.failures == {}


def test_a_link_opens_no_excluded_folder(home, read):
    """What an exclude glob leaves out stays out by every name."""
    (home / "door").symlink_to("real")
    (home / "door.md").symlink_to("real/a.md")

    assert read(home, exclude=["real"]).items == []


def test_hidden_and_excluded_links_are_not_reported(home, read, tmp_path):
    """What is not read in any case is not a failure."""
    (home / ".hidden").symlink_to(tmp_path)
    (home / "left").symlink_to(tmp_path)

    assert read(home, exclude=["left"]).failures == {}


def test_the_root_may_be_a_link(home, read, tmp_path):
    """A root named through a link is the folder it leads to."""
    (tmp_path / "link").symlink_to(home)

    assert list(read(tmp_path / "link").documents) == ["real/a.md"]


def test_a_web_of_links_is_walked_in_bounded_steps(folder, read):
    """Twenty folders that each link twice to the next hold two to the twentieth paths, and one document."""
    for place in range(20):
        level = folder / f"level{place:02}"
        level.mkdir()
        if place < 19:
            (level / "left").symlink_to(f"../level{place + 1:02}")
            (level / "right").symlink_to(f"../level{place + 1:02}")
    (folder / "level19" / "a.md").write_text("x")

    assert list(read(folder).documents) == ["level19/a.md"]
