"""A real headless browser, one for all tests of a process."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser.opened import Opened
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage")


@pytest.fixture(scope="session")
def driver() -> Iterator[webdriver.Chrome]:
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        pytest.skip("no chromium with a chromedriver (Debian's packages chromium and chromium-driver)")
    options = webdriver.ChromeOptions()
    for option in OPTIONS:
        options.add_argument(option)
    options.binary_location = str(programs[0])
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(programs[1])))
    yield driver
    driver.quit()


@pytest.fixture
def look_at(driver: webdriver.Chrome, tmp_path: Path) -> Callable[..., Opened]:
    """Opens a text as a file: ``look_at(html, width=390, dark=True, scripts=False)``."""

    def open_page(
        text: str, *, width: int = 1280, dark: bool = False, scripts: bool = True, ending: str = "html"
    ) -> Opened:
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        page = tmp_path / f"page.{ending}"
        page.write_text(text, encoding="utf-8")
        driver.get_log("browser")  # type: ignore[no-untyped-call]
        driver.get(page.as_uri())
        return Opened(driver)

    return open_page
