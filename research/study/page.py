"""`docs/corpus-study.md`: what people write of it is in `page.md`, all numbers are of the evidence."""

from pathlib import Path

from research.study.results import Study, read_study
from research.study.tables import tables

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "corpus-study.md"
CORPUS = DOCS / "evidence" / "corpus-study.json"
PUBLIC = DOCS / "evidence" / "public-histories.json"
_TEXT = Path(__file__).with_name("page.md")


def page(corpus: Path = CORPUS, public: Path = PUBLIC) -> str:
    """The page. Raises: OSError, msgspec.ValidationError."""
    text = _TEXT.read_text("utf-8")
    for name, path in (("corpus", corpus), ("public", public)):
        if f"@{name}@" in text:
            text = text.replace(f"@{name}@\n", tables(read_study(path)))
    return text.rstrip() + "\n"


def summary(study: Study) -> str:
    """What a run prints at its end."""
    return f"\n{tables(study, 2)}"
