"""`docs/corpus-study.md`: what people write of it is in `page.md`, all numbers are of the evidence."""

from pathlib import Path

from research.study.results import Study, read_study
from research.study.tables import opening, picture, tables

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "corpus-study.md"
PICTURE = DOCS / "corpus-study.svg"
CORPUS = DOCS / "evidence" / "corpus-study.json"
PUBLIC = DOCS / "evidence" / "public-histories.json"
_TEXT = Path(__file__).with_name("page.md")


def page(corpus: Path = CORPUS, public: Path = PUBLIC) -> str:
    """The page. Raises: OSError, msgspec.ValidationError."""
    text = _TEXT.read_text("utf-8").replace("@opening@\n", f"{opening(read_study(corpus))}\n")
    for name, path in (("corpus", corpus), ("public", public)):
        if f"@{name}@" in text:
            text = text.replace(f"@{name}@\n", tables(read_study(path)))
    return text.rstrip() + "\n"


def drawn(corpus: Path = CORPUS) -> str:
    """The picture of the page. Raises: OSError, msgspec.ValidationError."""
    return picture(read_study(corpus))


def summary(study: Study) -> str:
    """What a run prints at its end."""
    return f"\n{tables(study, 2)}"
