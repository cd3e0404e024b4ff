"""Which files count as published Dockerfiles, and what is taken out of their text."""

from pathlib import Path

from research.published.files import find_published


def _write(root: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_each_text_counts_once_and_templates_do_not(tmp_path: Path) -> None:
    _write(
        tmp_path / "clone",
        Dockerfile="FROM a\n",
        sub__Dockerfile="FROM a\n",
        sub__app_Dockerfile="FROM b\n",
        sub__Dockerfile_alpine="FROM c\n",
        Dockerfile_template="FROM d\n",
        gaps__Dockerfile="FROM {{ base }}\n",
        words__Dockerfile="nothing\n",
        README_md="FROM e\n",
    )
    found = find_published([tmp_path / "clone"], 0)
    assert sorted(each.text for each in found) == ["FROM a\n", "FROM b\n", "FROM c\n"]
    assert found[0].name == "clone/Dockerfile"
    assert len(find_published([tmp_path / "clone"], 1)) == 1


def test_what_needs_a_registry_is_taken_out_and_lines_stay(tmp_path: Path) -> None:
    digest = "sha256:" + "0" * 64
    text = f"# escape=`\n# syntax=docker/dockerfile:1\nARG V\nARG W=1\nFROM a:1@{digest}\nARG X\n"
    _write(tmp_path, Dockerfile=text, _dockerignore="*.log\n")
    (found,) = find_published([tmp_path], 0)
    assert found.text == "# escape=`\n#\nARG V\nARG W=1\nFROM a:1\nARG X\n"
    assert found.build_args == (("V", "given"),)
    assert found.ignored == "*.log\n"
