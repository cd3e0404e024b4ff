"""What a step writes, and what another reads of its stage."""

import pytest

from layerfork.diagnose.compare.copied import writes_beside
from layerfork.record.record import StepRecord, StepStatus


@pytest.mark.parametrize(
    ("written", "read", "beside"),
    [
        ("COPY a /b", "COPY --from=s /c /", True),
        ("COPY a /b/", "COPY --from=s /b/c /", False),
        ("COPY a /b/c", "COPY --from=s /b /", False),
        ("COPY a /bc", "COPY --from=s /b /", True),
        ("WORKDIR /b", "COPY --from=s /c /", True),
        ("WORKDIR b", "COPY --from=s /c /", False),
        ("COPY a b", "COPY --from=s /c /", False),
        ("COPY a /$b", "COPY --from=s /c /", False),
        ("COPY a /b", "COPY --from=s /c* /", False),
        ("COPY a /b", "COPY --from=s / /", False),
        ("RUN true", "COPY --from=s /c /", False),
        ("COPY [a, /b]", "COPY --from=s /c /", True),
        ("COPY a /b", "RUN --mount=from=s true", False),
    ],
)
def test_only_places_that_both_name_are_apart(written: str, read: str, beside: bool) -> None:
    one, other = (
        StepRecord(index=number, instruction=text, status=StepStatus.MISS)
        for number, text in enumerate((written, read), start=1)
    )
    assert writes_beside(one, other) is beside
