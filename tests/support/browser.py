"""A real browser without a window, to click in what readers click in."""

from collections.abc import Iterator
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver import Chrome


@contextmanager
def browser() -> Iterator[Chrome]:
    """Yield a browser, which ends in the end."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1280,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


def sized(driver: Chrome, width: int, height: int) -> None:
    """Give the page so many pixels."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def themed(driver: Chrome, theme: str) -> None:
    """Let the reader's setting be light or dark."""
    media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def complaints(driver: Chrome) -> list[str]:
    """Return what the browser complains of since it was last asked."""
    return [each["message"] for each in driver.get_log("browser")]  # type: ignore[no-untyped-call]
