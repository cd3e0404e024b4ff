"""A page in a browser, and what tests ask of it."""

from dataclasses import dataclass
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement


@dataclass(frozen=True, slots=True)
class Opened:
    driver: webdriver.Chrome

    def run(self, script: str) -> Any:
        """What a script of ours returns; that runs also where the page's own may not."""
        return self.driver.execute_script(script)

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def seen(self, css: str) -> list[str]:
        """Texts of the elements that are displayed."""
        return [each.text for each in self.all(css) if each.is_displayed()]

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, css: str, most: int = 200) -> WebElement:
        """Go on with the tab key until such an element has the focus."""
        for _ in range(most):
            self.press(Keys.TAB)
            element = self.driver.switch_to.active_element
            if self.driver.execute_script("return arguments[0].matches(arguments[1])", element, css):
                return element
        raise AssertionError(f"no tab leads to {css}")

    @property
    def complaints(self) -> list[str]:
        """What the browser wrote to its console: errors, violations of the page's own policy."""
        return [each["message"] for each in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]
