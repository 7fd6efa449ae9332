"""The page in a real browser: clicked, walked by the keyboard alone, in each size and theme.

With EXPLORE_SCREENSHOTS in the environment, a folder, pictures of what was seen are kept there.
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from raft_ref.verify.exploring import KINDS, tours
from tests.support import processes
from tests.support.browser import browser, complaints, sized, themed

pytestmark = pytest.mark.long

POLL = 0.03
"""How many seconds there are between two looks at the page."""

ELECTED = (
    "s1.Timeout/s2.Receive(RequestVoteRequest,s1,term=1)/s1.Receive(RequestVoteResponse,s2,term=1)"
)


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Serve the page, for all tests here."""
    process = subprocess.Popen(
        [*processes.COMMAND, "explore", "--no-browser"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        finally:
            process.kill()


class Page:
    """The page, as a reader has it."""

    def __init__(self, driver: Chrome, served: str) -> None:
        self.driver, self.served = driver, served
        sized(driver, 1280, 900)
        themed(driver, "light")

    def open(self, address: str = "", query: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(f"{self.served}{query}#{address}")
        WebDriverWait(self.driver, 60, POLL).until(
            lambda driver: driver.execute_script("return document.body.dataset.ready")
        )

    def all(self, selector: str) -> list[str]:
        return [each.text for each in self.driver.find_elements(By.CSS_SELECTOR, selector)]

    def text(self, name: str) -> str:
        return self.driver.find_element(By.ID, name).text

    def click(self, selector: str) -> None:
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def take(self, name: str) -> None:
        self.click(f'#next .option[data-name="{name}"]')
        self.arrives(name)

    def arrives(self, name: str) -> None:
        """Wait until the page shows the end of a way that ends with this step."""
        self.shows(lambda: self.here.endswith(name) and self.drawn == self.here.count("/") + 1)

    def shows(self, what) -> None:  # type: ignore[no-untyped-def]
        WebDriverWait(self.driver, 60, POLL).until(lambda driver: what())

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    @property
    def here(self) -> str:
        return self.driver.current_url.partition("#")[2]

    @property
    def drawn(self) -> int:
        return len(self.driver.find_elements(By.CSS_SELECTOR, "#diagram .row"))

    def at(self, number: int) -> None:
        self.shows(lambda: self.text("position").partition(" ")[0] == str(number))

    def kept(self, name: str) -> None:
        if folder := os.environ.get("EXPLORE_SCREENSHOTS"):
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))


@pytest.fixture
def page(driver: Chrome, served: str) -> Iterator[Page]:
    found = Page(driver, served)
    yield found
    assert complaints(driver) == []


def test_a_reader_elects_a_leader_by_clicking(page: Page) -> None:
    page.open()
    assert page.text("story") == "The cluster starts."
    for name in ELECTED.split("/"):
        page.take(name)
    assert page.here == ELECTED
    assert page.text("story").endswith("becomes leader of term 1.")
    assert "Leader" in page.all("#servers .changed")
    assert page.all("#diagram .mark text") == ["candidate t1", "follower t1", "leader t1"]
    assert page.all("#flight li") == ["s1 to s3: RequestVoteRequest(term 1)"]
    assert "SometimesLeader" in " ".join(page.all("#properties .holds summary"))
    assert "BecomeLeader(i) ==" in " ".join(page.all("#code .tla"))
    assert "def become_leader" in " ".join(page.all("#code .python"))
    assert page.driver.find_elements(By.CSS_SELECTOR, "#code .python .taken")
    page.kept("elected")


def test_each_kind_of_step_can_be_clicked(page: Page) -> None:
    page.open(ELECTED)
    for name in (
        "s1.ClientRequest(v1)",
        "s1.AppendEntries(s2,1)",
        "s2.ReceiveDuplicate(AppendEntriesRequest,s1,term=1)",
        "DropMessage(RequestVoteRequest,s1,s3,term=1)",
        "s2.Receive(AppendEntriesRequest,s1,term=1)",
        "s1.Restart",
        "s3.Timeout",
    ):
        page.take(name)
    assert page.driver.find_elements(By.CSS_SELECTOR, "#diagram .cross")
    assert page.driver.find_elements(By.CSS_SELECTOR, "#diagram .arrow.again")
    assert page.driver.find_elements(By.CSS_SELECTOR, "#diagram .mark.crashed")
    page.kept("kinds")


@pytest.mark.deep
def test_a_message_in_flight_is_delivered_by_its_arrow(page: Page) -> None:
    page.open("s1.Timeout")
    [wire, _] = page.driver.find_elements(By.CSS_SELECTOR, "#diagram .wire .near")
    page.driver.execute_script(
        "arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", wire
    )
    page.arrives("s2.Receive(RequestVoteRequest,s1,term=1)")


def test_back_forward_and_branches(page: Page) -> None:
    page.open()
    page.take("s1.Timeout")
    page.take("s2.Timeout")
    page.click("#back")
    page.at(1)
    page.take("s3.Timeout")
    assert len(page.all("#branches a")) == 4
    page.click("#start")
    page.at(0)
    assert not page.driver.find_element(By.ID, "back").is_enabled()
    page.click("#forward")
    page.at(1)
    page.click("#end")
    page.arrives("s3.Timeout")
    link = page.driver.find_element(By.LINK_TEXT, "s2.Timeout")
    link.click()
    page.arrives("s2.Timeout")
    page.click("#diagram .row")
    page.at(1)
    page.driver.back()
    page.arrives("s2.Timeout")


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.open()
    page.press(Keys.TAB)
    assert page.driver.switch_to.active_element.get_attribute("id") == "skip"
    page.press(Keys.ENTER)
    focused = page.driver.switch_to.active_element
    assert focused.get_attribute("data-name") == "s1.Timeout"
    page.press(Keys.ENTER)
    page.arrives("s1.Timeout")
    page.shows(lambda: page.driver.switch_to.active_element.get_attribute("data-name"))
    page.press(Keys.ARROW_DOWN)
    before = page.driver.switch_to.active_element.get_attribute("data-name")
    page.press(Keys.ARROW_UP, Keys.ARROW_DOWN, Keys.ENTER)
    page.arrives(str(before))
    page.press(Keys.ARROW_LEFT)
    page.at(1)
    page.press(Keys.HOME)
    page.at(0)
    page.press(Keys.ARROW_RIGHT)
    page.at(1)
    page.press(Keys.END)
    page.at(2)


def test_everything_has_a_name_for_those_who_hear_it(page: Page) -> None:
    page.open(ELECTED)
    nameless = page.driver.execute_script(
        """return [...document.querySelectorAll("a, button, input, select, textarea")]
          .filter((each) => !each.closest("[hidden], [aria-hidden]"))
          .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim()
            || each.labels?.length)).map((each) => each.outerHTML)"""
    )
    assert nameless == []
    option = page.driver.find_element(By.CSS_SELECTOR, '[data-name="s3.Timeout"]')
    assert option.accessible_name.startswith("s3 times out: candidate in term 1")
    assert option.aria_role == "link"


def test_a_link_opened_afresh_shows_the_same(page: Page) -> None:
    page.open(ELECTED)
    seen = [page.text(name) for name in ("story", "servers", "flight", "position")]
    options = page.all("#next .option text")
    page.open("s1.Timeout")
    page.open(ELECTED)
    assert [page.text(name) for name in ("story", "servers", "flight", "position")] == seen
    assert page.all("#next .option text") == options


def test_a_link_that_leads_nowhere_says_so(page: Page) -> None:
    page.open("s1.Timeout/s1.Timeuot")
    expected = "step 2: s1.Timeuot: no step of this name is enabled; did you mean s1.Timeout?"
    assert page.text("wrong") == f"{expected} As far as it leads"
    page.click("#as-far")
    page.arrives("s1.Timeout")
    assert page.text("wrong") == ""
    assert all("400" in each for each in complaints(page.driver))


@pytest.mark.deep
def test_hostile_names_are_text(page: Page) -> None:
    page.open("<img src=x onerror=\"document.title='owned'\">")
    assert "no step of this name is enabled" in page.text("wrong")
    assert page.driver.title == "raft-ref explore"
    assert all("400" in each for each in complaints(page.driver))


def search(page: Page, what: str) -> None:
    Select(page.driver.find_element(By.ID, "goal-what")).select_by_visible_text(what)
    page.click("#goal-start")


def test_what_leads_from_here_to_something_can_be_walked(page: Page) -> None:
    page.open("s1.Timeout")
    search(page, "reaches SometimesCommitted")
    page.shows(lambda: page.all("#goal-answer a"))
    assert page.text("goal-progress").startswith("The shortest way within these bounds has 6 steps")
    page.kept("goal")
    page.driver.find_elements(By.CSS_SELECTOR, "#goal-answer a")[1].click()
    page.at(3)
    page.click("#end")
    page.at(7)
    assert "SometimesCommitted" in " ".join(page.all("#properties .holds summary"))


def test_a_formula_is_typed_and_what_is_wrong_with_it_is_told(page: Page) -> None:
    page.open()
    typed = "makes a formula true that I type"
    search(page, typed)
    page.shows(lambda: page.all("#goal-answer a"))
    box = page.driver.find_element(By.ID, "goal-formula")
    box.clear()
    box.send_keys("\\E i \\in Server")
    page.click("#goal-start")
    page.shows(lambda: page.text("goal-progress").startswith("formula: line 1: syntax error"))
    assert page.all("#goal-answer a") == []
    assert all("400" in each for each in complaints(page.driver))


@pytest.mark.deep
def test_a_search_that_takes_too_long_is_stopped(page: Page) -> None:
    page.open()
    page.click("#goal-within summary")
    for name in ("max_term", "max_log_length", "max_messages"):
        box = page.driver.find_element(By.NAME, name)
        box.clear()
        box.send_keys("6")
    search(page, "breaks ElectionSafety")
    page.shows(lambda: "states" in page.text("goal-progress"))
    page.click("#goal-stop")
    page.shows(lambda: page.text("goal-progress").startswith("Stopped before anything was found"))


def test_a_tour_is_walked_with_a_sentence_for_each_step(page: Page) -> None:
    page.open()
    page.driver.find_element(By.LINK_TEXT, "A first election").click()
    tour = tours("first-election")
    page.shows(lambda: page.text("tour-says") == tour["about"])
    for step in tour["steps"][:3]:
        page.press(Keys.ARROW_RIGHT)
        page.shows(lambda says=step["says"]: page.text("tour-says") == says)
    page.take("s1.ClientRequest(v1)")
    assert page.text("tour-says") == "You have left the way of the tour."
    page.click("#tour-back")
    page.at(3)
    page.click("#tour-leave")
    page.shows(lambda: not page.driver.find_element(By.ID, "tour").is_displayed())
    page.at(3)


@pytest.mark.deep
def test_a_bug_is_broken_at_the_end_of_its_tour(page: Page) -> None:
    query = "?bug=older-term-committed&servers=3&tour=bug-older-term-committed"
    page.open("", query)
    page.click("#end")
    page.at(22)
    assert page.text("wrong") == "Broken here: LeaderCompleteness."
    assert page.all("#properties .broken > summary") == ["✗ broken: LeaderCompleteness"]
    assert "✗ StepRefinement" in page.all("#diagram text.broken")
    page.kept("bug")


@pytest.mark.deep
def test_a_way_of_500_steps_can_be_walked(page: Page) -> None:
    beat = (
        "s1.AppendEntries(s2,0)",
        "s2.Receive(AppendEntriesRequest,s1,term=1)",
        "s1.Receive(AppendEntriesResponse,s2,term=1)",
    )
    page.open("/".join([*ELECTED.split("/"), *beat * 165, "s2.Restart", "s3.Restart"]))
    page.at(500)
    assert page.drawn == 500
    page.take("s3.Timeout")
    page.press(Keys.ARROW_LEFT)
    page.at(500)
    row = page.driver.find_element(By.CSS_SELECTOR, "#diagram .row[aria-current]")
    assert page.driver.execute_script(
        """const row = arguments[0].getBoundingClientRect();
        const room = document.getElementById("diagram").getBoundingClientRect();
        return row.top >= room.top && row.bottom <= room.bottom""",
        row,
    )


@pytest.mark.parametrize(
    "kind",
    ["trace", *(pytest.param(kind, marks=pytest.mark.deep) for kind in KINDS if kind != "trace")],
)
def test_a_way_is_taken_along(page: Page, kind: str, tmp_path: Path) -> None:
    where = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.driver.execute_cdp_cmd("Page.setDownloadBehavior", where)
    page.open(ELECTED)
    Select(page.driver.find_element(By.ID, "export-kind")).select_by_value(kind)
    page.click("#export")
    page.shows(lambda: page.text("exported").startswith("Saved as walk."))
    page.shows(lambda: [each for each in tmp_path.iterdir() if each.name.startswith("walk.")])


@pytest.mark.parametrize(
    ("width", "height", "theme"),
    [
        (360, 740, "dark"),
        (2560, 1440, "light"),
        pytest.param(360, 740, "light", marks=pytest.mark.deep),
        pytest.param(1280, 900, "light", marks=pytest.mark.deep),
        pytest.param(1280, 900, "dark", marks=pytest.mark.deep),
        pytest.param(2560, 1440, "dark", marks=pytest.mark.deep),
    ],
)
def test_it_can_be_read_in_each_size_and_theme(
    page: Page, width: int, height: int, theme: str
) -> None:
    sized(page.driver, width, height)
    themed(page.driver, theme)
    page.open(f"{ELECTED}/s1.ClientRequest(v1)/s1.AppendEntries(s2,1)/s3.Timeout")
    script = page.driver.execute_script
    overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert script(overflow) <= 0
    paper = script("return getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 29)"}[theme]
    smallest = script(
        """return Math.min(...[...document.querySelectorAll("#diagram text, #panel *")]
          .filter((each) => each.textContent.trim())
          .map((each) => parseFloat(getComputedStyle(each).fontSize)))"""
    )
    assert smallest >= 11
    beyond = script(
        """return [...document.querySelectorAll("#next .option")].filter((each) => {
          const box = each.querySelector("rect").getBoundingClientRect();
          return [...each.querySelectorAll("text")].some((text) =>
            text.getBoundingClientRect().right > box.right + 1);
        }).map((each) => each.dataset.name)"""
    )
    assert beyond == []
    story = page.driver.find_element(By.ID, "story")
    assert story.is_displayed()
    assert script("return arguments[0].getBoundingClientRect().top", story) >= 0
    page.take("s2.Timeout")
    page.kept(f"{width}-{theme}")
