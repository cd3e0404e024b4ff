"""Which files count as published Dockerfiles, and what is taken out of their text."""

from collections import Counter
from pathlib import Path

from research.published.files import Collection, find_published
from research.published.gotexts import FORMATTED, JOINED, MADE


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
        sub__Containerfile2="FROM d\n",
        Dockerfile_template="FROM d\n",
        gaps__Dockerfile="FROM {{ base }}\n",
        words__Dockerfile="nothing\n",
        README_md="FROM e\n",
    )
    (tmp_path / "clone" / "Dockerfile.latin").write_bytes(b"FROM f\n# \xe4\n")
    (tmp_path / "clone" / "Dockerfile.long").write_text("FROM g\n" + "#" * 200_000)
    found = find_published([tmp_path / "clone"], 0)
    assert sorted(found.texts) == ["FROM a\n", "FROM b\n", "FROM c\n", "FROM d\n"]
    assert found.texts["FROM a\n"].name == "clone/Dockerfile"
    assert found.passed_over == Counter(
        {
            "a text that is there already": 1,
            "a template": 1,
            "a file without a FROM": 1,
            "a file that is not UTF-8": 1,
            "a file that is too long": 1,
        }
    )
    assert len(find_published([tmp_path / "clone"], 1).texts) == 1


def test_what_needs_a_registry_is_taken_out_and_lines_stay(tmp_path: Path) -> None:
    digest = "sha256:" + "0" * 64
    text = f"# escape=`\n# syntax=docker/dockerfile:1\nARG V\nARG W=1\nFROM a:1@{digest}\nARG X\n"
    _write(tmp_path, Dockerfile=text, _dockerignore="*.log\n")
    (found,) = find_published([tmp_path], 0).texts.values()
    assert found.text == "# escape=`\n#\nARG V\nARG W=1\nFROM a:1\nARG X\n"
    assert found.build_args == (("V", "given"),)
    assert found.ignored == "*.log\n"


GO = """package x

// `FROM comment`
/* "FROM
comment" */
func test() {
	a := []byte(`
FROM raw
RUN "x" \\\\
`)
	b := []byte("FROM quoted\\nRUN \\"y\\"\\tz")
	c := unixOrWindows("FROM one\\n" + `RUN two`, `FROM other`)
	d := strings.Join([]string{
		"FROM joined", // with a comment: `FROM no`
		"RUN " + "z",
	}, "\\n")
	e := fmt.Sprintf("FROM formatted")
	f := later("FROM %s")
	g := "FROM sum\\n" + c
	h := c + "FROM sum too\\n"
	i := strings.Join([]string{"FROM part", c}, "\\n")
	j := strings.ReplaceAll("FROM changed", "c", "d")
	k := '`'
	l := "FROM {{.Template}}"
	m := "SELECT a"
	t.Run("m", func() { n(map[string]string{"x": "FROM in a table"}) })
}
"""


def test_texts_of_programs_in_go(tmp_path: Path) -> None:
    _write(tmp_path / "clone", program="")
    (tmp_path / "clone" / "x_test.go").write_text(GO)
    (tmp_path / "clone" / "x.go").write_text('a := "FROM a program that is no test"\n')
    found = find_published([tmp_path / "clone"], 0)
    assert {text: each.name for text, each in found.texts.items()} == {
        '\nFROM raw\nRUN "x" \\\\\n': "clone/x_test.go:7",
        'FROM quoted\nRUN "y"\tz': "clone/x_test.go:11",
        "FROM one\nRUN two": "clone/x_test.go:12",
        "FROM other": "clone/x_test.go:12",
        "FROM joined\nRUN z": "clone/x_test.go:13",
        "FROM in a table": "clone/x_test.go:26",
    }
    assert found.passed_over == Counter({FORMATTED: 2, JOINED: 2, MADE: 2, "a template": 1})


def test_nothing_is_found_in_a_program_that_ends_in_a_text(tmp_path: Path) -> None:
    for source in ('a := "FROM open', "a := `FROM open", 'strings.Join([]string{"FROM a",', 'f("FROM a" +'):
        (tmp_path / "x_test.go").write_text(source)
        collection = Collection()
        collection.add_file(tmp_path / "x_test.go", tmp_path)
        assert not collection.texts
