"""The page of 60 scenarios on 6 engines, 40 clients each: time to make it, its size, time until it is seen.

Made of the real builds of two engines that the golden tests keep. `alike`: engines of one kind agree.
`apart`: on every engine some client has changed sides, so no two engines share a graph. Ends with 1 when a
limit is broken.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from layerfork.app.experiment.fromfiles import read_reports
from layerfork.record.run import RunReport
from layerfork.report.formats import HTML
from layerfork.report.rendering import Look

RECORDS = Path(__file__).parents[2] / "tests" / "golden" / "records" / "seed-engines.run.jsonl"
SCENARIOS, ENGINES, CLIENTS = 60, 6, 40
ROUNDS = 3
MOST_BYTES, MOST_SECONDS, FIRST_PAINT_S = 3_000_000, 2.0, 1.0


def scenarios(*, apart: bool) -> Iterator[RunReport]:
    real = read_reports([str(RECORDS)]).runs
    for number in range(SCENARIOS):
        for place in range(ENGINES):
            yield variant(real[place % len(real)], number, place, apart=apart)


def variant(report: RunReport, number: int, place: int, *, apart: bool) -> RunReport:
    """The builds of a report as if they were of another scenario, on another engine."""
    assert report.engine is not None
    names = [build.client for build in report.builds if build.class_index is not None][:CLIENTS]
    missing = [build.client for build in report.builds if build.class_index is None]
    kept = {*names, *missing[: CLIENTS - len(names)]}
    classes = [[each for each in members if each in kept] for members in report.judgement.classes]
    if apart:
        classes[1].append(classes[0].pop(1 + place))
    index = {client: place for place, members in enumerate(classes) for client in members}
    builds = tuple(
        replace(build, class_index=index.get(build.client)) for build in report.builds if build.client in kept
    )
    return replace(
        report,
        scenario=f"scenario-{number}",
        engine=replace(report.engine, version=f"{20 + place}.{place}.1"),
        builds=builds,
        judgement=replace(report.judgement, classes=tuple(map(tuple, classes))),
    )


def measure(kind: str) -> tuple[str, bool]:
    """The page, and whether its limits hold."""
    reports = tuple(scenarios(apart=kind == "apart"))
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        text = HTML.render("runs", reports, Look())
        times.append(time.perf_counter() - started)
    size = len(text.encode())
    print(
        f"{kind}: {len(reports)} runs of {len(reports[0].builds)} clients: {min(times):.2f} s at best, "
        f"{statistics.median(times):.2f} s in the middle (limit {MOST_SECONDS} s), "
        f"{size / 1e6:.2f} MB (limit {MOST_BYTES / 1e6} MB)"
    )
    return text, min(times) <= MOST_SECONDS and size <= MOST_BYTES


def first_paint(text: str) -> bool:
    """Print when something is seen and when the page is whole; whether the best load keeps the limit."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for option in ("--headless=new", "--no-sandbox", "--window-size=1280,900"):
        options.add_argument(option)
    options.binary_location = str(shutil.which("chromium"))
    found: list[float] = []
    with tempfile.TemporaryDirectory() as directory:
        page = Path(directory, "page.html")
        page.write_text(text, "utf-8")
        driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
        try:
            for _ in range(ROUNDS):
                driver.get(page.as_uri())
                time.sleep(1)
                found.append(
                    driver.execute_script(
                        "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
                    )
                )
                whole = driver.execute_script(
                    "return performance.getEntriesByType('navigation')[0].loadEventEnd"
                )
                limit = f"limit {FIRST_PAINT_S * 1000:.0f} ms"
                print(f"  first paint after {found[-1]:.0f} ms ({limit}), whole after {whole:.0f} ms")
        finally:
            driver.quit()
    return min(found) <= FIRST_PAINT_S * 1000


def main() -> int:
    """Measure both kinds; 1 when a limit is broken."""
    good = True
    for kind in ("alike", "apart"):
        text, kept = measure(kind)
        good &= kept
        if shutil.which("chromium") and shutil.which("chromedriver"):
            good &= first_paint(text)
        else:
            print("  not looked at: no chromium with a chromedriver")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
