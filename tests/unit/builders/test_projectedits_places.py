"""A project whose directory or files became others is not the one that was looked at."""

from pathlib import Path

import pytest

from layerfork.builders.projectedits import EditedProject, RefusedError, leads_elsewhere


def test_a_directory_that_became_another_one(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    project = EditedProject(root)
    (root / "new").write_text("")
    project.check()
    root.rename(tmp_path / "before")
    with pytest.raises(RefusedError, match="another directory"):
        project.check()
    root.symlink_to(tmp_path / "before")
    project.check()  # the same one, by another way
    root.unlink()
    root.mkdir()
    with pytest.raises(RefusedError, match="another directory"):
        project.check()


def test_links_lead_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "root" / "d").mkdir(parents=True)
    (tmp_path / "way").symlink_to("root")
    (tmp_path / "root" / "link").symlink_to("d")
    for root in (tmp_path / "root", tmp_path / "way"):
        assert not leads_elsewhere(root, "d/none")
        assert not leads_elsewhere(root, "./d")
        assert not leads_elsewhere(root, "")
        assert leads_elsewhere(root, "link")
        assert leads_elsewhere(root, "link/none")
