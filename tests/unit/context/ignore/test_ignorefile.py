from layerfork.context.ignore.ignorefile import read_containers_ignorefile, read_docker_ignorefile


def test_dockers_programs_clean_their_lines() -> None:
    text = "\ufeff# comment\n  # kept, for it does not begin the line\n\n/a/../b/\r\n ! /c \n!\n.\n./d//e\n"
    read = ("# kept, for it does not begin the line", "b", "!c", "!", ".", "d/e")
    assert read_docker_ignorefile(text) == read


def test_only_what_go_takes_for_white_space_is_taken_off() -> None:
    assert read_docker_ignorefile("\u2003a\u00a0\n\x1cb\x1f\n \u0085\n") == ("a", "\x1cb\x1f")


def test_buildah_keeps_its_lines() -> None:
    assert read_containers_ignorefile("# comment\n # kept\n\n/a/\r\n! /c \n!\n") == (
        " # kept",
        "/a/\r",
        "! /c ",
        "!",
    )
