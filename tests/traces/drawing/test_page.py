"""A trace as a page: what it holds, and how it behaves in a browser."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from raft_ref.cli import main
from raft_ref.traces import Trace, read, write
from raft_ref.traces.drawing.page import page
from raft_ref.verify.trace_properties import annotations
from tests.support.browser import browser as a_browser
from tests.support.browser import complaints, sized
from tests.support.files import GALLERY, SPECS, TRACES

GOLDEN = TRACES / "vote-not-persisted.ndjson"


def data_of(text: str) -> Any:
    found = re.search(r'<script id="trace" type="application/json">(.*)</script>', text)
    assert found
    return json.loads(found.group(1))


def test_it_needs_nothing_else() -> None:
    text = page(read(GOLDEN), annotations(read(GOLDEN)))
    addresses = set(re.findall(r"https?://[^\"'\s<>]+", text))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<(?:link|img|iframe)\b|\bsrc=|@import|\bfetch\(", text)


def test_properties_hold_until_the_last_step() -> None:
    found = annotations(read(GOLDEN))
    *before, last = found.broken
    assert "LogMatching" in found.properties
    assert (len(before), {*map(tuple, before)}, last) == (7, {()}, ["ElectionSafety"])


def test_what_is_violated_before_the_title_says_is_told() -> None:
    trace = read(GALLERY / "server-wiped.ndjson")
    wrong = data_of(page(trace, annotations(trace)))["wrong"]
    assert wrong.startswith("LeaderCompleteness is violated. s2 leads term 2 without the entry 1")
    assert wrong.endswith(" Violated on the way, too: CurrentTermMonotonic in step 10.")
    assert (
        "<title>CurrentTermMonotonic is violated in step 10, and LeaderCompleteness is violated in "
        f"{len(trace.steps)} steps</title>"
    ) in page(trace, annotations(trace))
    alone = data_of(page(read(GOLDEN), annotations(read(GOLDEN))))["wrong"]
    assert alone == "ElectionSafety is violated. s1 and s3 both lead term 1."


def test_an_action_is_shown_in_the_spec_and_in_the_node() -> None:
    code = annotations(read(GOLDEN)).code
    assert code.keys() == {
        "Timeout", "Restart", "UpdateTerm", "HandleRequestVoteRequest",
        "HandleRequestVoteResponse", "BecomeLeader",
    }  # fmt: skip
    assert "BecomeLeader(i) ==\n    /\\ role' = [role EXCEPT ![i] =" in code["BecomeLeader"].tla
    assert code["BecomeLeader"].python.startswith("def become_leader(self, state: State) -> State:")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vote-not-persisted", 3),
        pytest.param("older-term-committed", 19, marks=pytest.mark.long),
        pytest.param("heartbeat-instead-of-snapshot", 0, marks=pytest.mark.long),  # it never does
        pytest.param("joint-left-before-committed", 4, marks=pytest.mark.long),
        pytest.param("write-error-swallowed", 0, marks=pytest.mark.long),  # its disk is not Raft's
    ],
)
def test_the_page_of_a_known_bug_shows_its_code_and_where_it_leaves_the_spec(
    name: str, expected: int, tmp_path: Path
) -> None:
    """The trace says of which bug it is."""
    drawn = tmp_path / "page.html"
    assert main(["draw", str(GALLERY / f"{name}.ndjson"), "-o", str(drawn)]) == 0
    data = data_of(drawn.read_text())
    assert data["leaves"] == expected
    assert any(each.partition(": ")[0] != "node.py" for each in data["functions"])


@pytest.mark.long
def test_a_trace_that_only_says_to_be_of_a_bug_is_shown_all_the_same(tmp_path: Path) -> None:
    trace = replace(read(GALLERY / "quorum-of-half.ndjson"), source="raft-ref bugs server-wiped")
    write(trace, tmp_path / "t.ndjson")
    drawn = tmp_path / "page.html"
    assert main(["draw", str(tmp_path / "t.ndjson"), "-o", str(drawn)]) == 0
    assert data_of(drawn.read_text())["leaves"] == 0


def test_of_what_is_not_raft_the_trace_alone_is_shown() -> None:
    trace = read(GOLDEN.with_name("token-ring.ndjson"))
    found = annotations(trace)
    assert (found.properties, found.broken, found.code) == ({}, (), {})
    assert data_of(page(trace, found))["properties"] == []


def test_hostile_values_end_nothing() -> None:
    bad = '</script><script>document.title="owned"</script>{{data}}'
    trace = Trace((bad, "b"), {bad: {bad: bad}, "b": {}}, source=bad)
    text = page(trace, annotations(trace))
    assert data_of(text)["servers"] == [bad, "b"]
    assert text.count("<script") == 2


# ---- In a browser


@pytest.fixture(scope="module")
def opened() -> Iterator[Chrome]:
    with a_browser() as driver:
        yield driver


@pytest.fixture
def browser(opened: Chrome) -> Chrome:
    sized(opened, 1500, 950)
    return opened


def text_of(browser: Chrome, name: str) -> str:
    return browser.find_element(By.ID, name).text


@pytest.mark.long
def test_a_reader_clicks_through(browser: Chrome, tmp_path: Path) -> None:
    picture = tmp_path / "page.html"
    assert main(["draw", str(GOLDEN), "-o", str(picture)]) == 0
    browser.get(picture.as_uri())
    assert (text_of(browser, "position"), text_of(browser, "story")) == (
        "0 / 7",
        "The cluster starts.",
    )

    browser.find_element(By.ID, "forward").click()
    assert text_of(browser, "position") == "1 / 7"
    assert text_of(browser, "story").startswith("1. s1 times out")
    changed = browser.find_elements(By.CSS_SELECTOR, "#servers .changed")
    assert sorted(cell.text for cell in changed) == ["1", "Candidate", "[s1]", "s1"]
    assert len(browser.find_elements(By.CSS_SELECTOR, "#flight li")) == 2
    assert "Timeout(i) ==" in browser.find_element(By.CSS_SELECTOR, ".tla").text
    assert "def timeout(self" in browser.find_element(By.CSS_SELECTOR, ".python").text
    assert browser.find_elements(By.CSS_SELECTOR, "#properties .broken") == []

    ActionChains(browser).send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT).perform()
    assert text_of(browser, "position") == "2 / 7"
    browser.find_element(By.ID, "step5").click()
    assert text_of(browser, "position") == "5 / 7"
    assert browser.current_url.endswith("#step-5")
    browser.find_element(By.ID, "number6").click()
    assert text_of(browser, "position") == "6 / 7"

    ActionChains(browser).send_keys(Keys.END, Keys.ARROW_RIGHT).perform()
    assert text_of(browser, "position") == "7 / 7"
    broken = browser.find_elements(By.CSS_SELECTOR, "#properties .broken")
    assert [each.text for each in broken] == ["ElectionSafety"]
    assert text_of(browser, "wrong") == "ElectionSafety is violated. s1 and s3 both lead term 1."
    browser.find_element(By.ID, "first").click()
    assert text_of(browser, "wrong") == ""

    browser.get(f"{picture.as_uri()}#step-3")
    assert text_of(browser, "position") == "3 / 7"
    assert complaints(browser) == []


@pytest.mark.long
def test_a_counterexample_of_any_specification(browser: Chrome, tmp_path: Path) -> None:
    module, picture = tmp_path / "Tally.tla", tmp_path / "page.html"
    module.write_text((SPECS / "Tally.tla").read_text())
    module.with_suffix(".cfg").write_text(
        "SPECIFICATION Spec CONSTANTS Voter = {a, b, c} Nobody = Nobody INVARIANT NothingIsLeft"
    )
    check = ["spec", "check", str(module), "--no-deadlock", "--quiet"]
    assert main([*check, "--diagram", str(picture)]) == 1
    browser.get(picture.as_uri())
    assert (text_of(browser, "columns"), text_of(browser, "story")) == (
        "State",
        "The initial state.",
    )
    browser.get(f"{picture.as_uri()}#step-2")
    assert text_of(browser, "story").startswith("2. b takes Answer: receives ask from a")
    assert text_of(browser, "servers").splitlines()[0] == "a b c Tally"
    flying = browser.find_elements(By.CSS_SELECTOR, "#flight li")
    assert [each.text for each in flying] == ["a to c: ask", "b to a: yes"]
    assert browser.find_element(By.CSS_SELECTOR, "#actions h2").text == "Answer: Tally.tla"
    assert "Answer(m) ==" in browser.find_element(By.CSS_SELECTOR, ".tla").text
    assert browser.find_elements(By.CSS_SELECTOR, ".python") == []
    ActionChains(browser).send_keys(Keys.END).perform()
    broken = browser.find_elements(By.CSS_SELECTOR, "#properties .broken")
    assert [each.text for each in broken] == ["NothingIsLeft"]
    assert complaints(browser) == []


@pytest.mark.long
def test_the_code_of_a_bug_that_ran_is_shown(browser: Chrome, tmp_path: Path) -> None:
    picture = tmp_path / "page.html"
    check = ["check", "--bug", "vote-not-persisted", "--quiet"]
    assert main([*check, "--diagram", str(picture)]) == 1
    browser.get(f"{picture.as_uri()}#step-3")
    assert text_of(browser, "story").startswith("3. s2 crashes and restarts")
    heading = browser.find_element(By.CSS_SELECTOR, "#actions h2").text
    assert heading.lower() == "restart in raft.tla; the code that ran, of node.py, state.py"
    assert "Restart(i) ==" in browser.find_element(By.CSS_SELECTOR, ".tla").text
    code = browser.find_element(By.CSS_SELECTOR, ".python").text
    assert code.count("def restart(self, state: State) -> State:") >= 1
    assert "def receive" not in code

    assert text_of(browser, "left") == (
        "Here it leaves the specification: votedFor[s2]: the node has Nil, the spec has s1."
    )
    assert browser.find_elements(By.ID, "leaves") != []

    browser.get(f"{picture.as_uri()}#step-0")
    assert browser.find_elements(By.CSS_SELECTOR, "#actions pre") == []
    assert text_of(browser, "left") == ""
    assert complaints(browser) == []


@pytest.mark.long
def test_hostile_values_are_text_in_the_browser(browser: Chrome, tmp_path: Path) -> None:
    bad = "</script><img src=x onerror=\"document.title='owned'\">"
    trace = read(GOLDEN)
    state = {**trace.initial["s1"], "votedFor": bad}
    write(replace(trace, initial={**trace.initial, "s1": state}, source=bad), tmp_path / "t.ndjson")
    assert main(["draw", str(tmp_path / "t.ndjson"), "-o", str(tmp_path / "page.html")]) == 0
    browser.get((tmp_path / "page.html").as_uri())
    assert browser.title == "ElectionSafety is violated in 7 steps"
    assert bad in text_of(browser, "servers")


SMALLEST = """
const scale = (each) => each.getScreenCTM ? each.getScreenCTM().a : 1;
return Math.min(...[...document.querySelectorAll("body *")]
  .filter((each) => [...each.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
  .filter((each) => each.getClientRects().length)
  .map((each) => parseFloat(getComputedStyle(each).fontSize) * scale(each)))"""
"""How many pixels the smallest letters have that can be seen."""

ARE_SEEN = """
return ["story", "servers"].map((name) => document.getElementById(name)).every((each) => {
  const box = each.getBoundingClientRect(), x = box.left + 8;
  return [box.top + 4, Math.min(box.bottom, box.top + 150) - 4].every((y) =>
    each.contains(document.elementFromPoint(x, y)));
})"""
"""Whether sentence and state are on the screen, with nothing before them."""


def drawn_at(browser: Chrome, folder: Path, trace: Path, theme: str = "light") -> None:
    picture = folder / "page.html"
    assert main(["draw", str(trace), "-o", str(picture), "--theme", theme]) == 0
    browser.get(picture.as_uri())


@pytest.mark.long
@pytest.mark.parametrize(
    ("width", "height"),
    [
        (500, 800),
        pytest.param(900, 700, marks=pytest.mark.deep),
        pytest.param(1600, 900, marks=pytest.mark.deep),
        (3840, 2160),
    ],
)
def test_letters_can_be_read_and_what_matters_stays_in_sight(
    browser: Chrome, tmp_path: Path, width: int, height: int
) -> None:
    sized(browser, width, height)
    drawn_at(browser, tmp_path, GALLERY / "older-term-committed.ndjson")
    script = browser.execute_script
    assert script(SMALLEST) >= 11
    for _ in range(8):
        browser.find_element(By.ID, "smaller").click()
    assert script(SMALLEST) >= 11
    for _ in range(4):
        browser.find_element(By.ID, "forward").click()
        assert script(ARE_SEEN)
    browser.find_element(By.ID, "last").click()
    assert script(ARE_SEEN)
    beyond = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert script(beyond) <= 0


@pytest.mark.long
def test_the_picture_is_enlarged_and_moved_and_the_split_dragged(
    browser: Chrome, tmp_path: Path
) -> None:
    sized(browser, 1200, 800)
    drawn_at(browser, tmp_path, GALLERY / "older-term-committed.ndjson")
    script = browser.execute_script
    diagram = browser.find_element(By.ID, "diagram")
    svg = browser.find_element(By.CSS_SELECTOR, "#diagram svg")
    before = svg.size["width"]
    ActionChains(browser).send_keys("+", "+").perform()
    assert svg.size["width"] == pytest.approx(before * 1.25**2, rel=0.02)
    places = [script("return [arguments[0].scrollLeft, arguments[0].scrollTop]", diagram)]
    ActionChains(browser).move_to_element(diagram).click_and_hold().move_by_offset(
        -60, -80
    ).release().perform()
    places.append(script("return [arguments[0].scrollLeft, arguments[0].scrollTop]", diagram))
    assert [now - then for then, now in zip(*places, strict=True)] == [60, 80]
    assert text_of(browser, "position") == "0 / 22"  # dragging clicks at nothing
    ActionChains(browser).send_keys("0").perform()
    assert svg.size["width"] == pytest.approx(before, rel=0.02)

    split = browser.find_element(By.ID, "split")
    width = diagram.size["width"]
    ActionChains(browser).drag_and_drop_by_offset(split, 150, 0).perform()
    assert diagram.size["width"] == pytest.approx(width + 150, abs=6)
    ActionChains(browser).send_keys_to_element(split, Keys.ARROW_LEFT).perform()
    assert diagram.size["width"] == pytest.approx(width + 150 - 36, abs=8)
    assert text_of(browser, "position") == "0 / 22"


CENTRED = """
document.querySelectorAll("#diagram text").forEach((each) => each.style.fontFamily = arguments[0]);
return [...document.querySelectorAll("#diagram g.node")].filter((each) =>
  each.querySelectorAll("polygon, path").length === 1
  && each.querySelectorAll("text[text-anchor=middle]").length === 1
).map((each) => {
  const text = each.querySelector("text").getBoundingClientRect();
  const box = each.querySelector("polygon, path").getBoundingClientRect();
  return Math.hypot(text.left + text.right - box.left - box.right,
    text.top + text.bottom - box.top - box.bottom) / 2;
})"""
"""How far the middle of each mark's, cell's and head's text is from the middle of its box."""


@pytest.mark.long
def test_text_is_in_the_middle_in_any_font(browser: Chrome, tmp_path: Path) -> None:
    sized(browser, 1200, 800)
    drawn_at(browser, tmp_path, GALLERY / "older-term-committed.ndjson")
    for family in ("sans-serif", "serif", "monospace"):
        away = browser.execute_script(CENTRED, family)
        assert len(away) > 20
        assert max(away) < 3, family
