"""The microscope's pages in a real browser, used as a learner uses them.

Headless Chromium opens the written files from ``file://`` with the network off; the tests
click, drag and press keys, and read the page's own text.
"""

import base64
import json
import math
import re
import shutil

import numpy as np
import pytest
from test_microscope_twin import RUNS, record

from nnscratch import datasets, layers, losses, models
from nnscratch.microscope import (
    Recorder,
    demos,
    payload,
    run_file,
    sick_runs,
    write_gallery,
    write_page,
)

selenium = pytest.importorskip("selenium", reason="selenium is not installed")
from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

chromium = shutil.which("chromium") or shutil.which("google-chrome")
chromedriver = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (chromium and chromedriver),
    reason="Chromium is not installed: apt-get install chromium chromium-driver",
)
MINUS = "\N{MINUS SIGN}"
CASES = [case for case in sick_runs.CASES if case.id in ("zeros", "overflow")]


# ---- pages and the browser ----


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def circles(folder):
    return demos.circles(folder / "circles.html")


@pytest.fixture(scope="module")
def fashion(folder):
    (x, y), (x_test, y_test) = datasets.fashion_mnist.load_data(subset="small")
    path = folder / "fashion.run.safetensors"
    test = x_test[:200], y_test[:200]
    demos.record_fashion(path, x[:960], y[:960], test, epochs=1, states=4)
    return write_page(path, folder / "fashion.html")


@pytest.fixture(scope="module")
def gallery(folder):
    return write_gallery(folder / "gallery.html", cases=CASES)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-dev-shm-usage",
        "--window-size=1280,1000",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(chromedriver))
    driver.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    yield driver
    driver.quit()


class Page:
    """A page as a learner uses it."""

    def __init__(self, browser, path):
        self.browser = browser
        browser.get(f"file://{path}")
        assert self.run("return document.body.dataset.ready") == "yes", self.log()

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def log(self):
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """The element's text, each run of white space as one blank."""
        text = self.run("return document.querySelector(arguments[0]).textContent", selector)
        return " ".join(text.split())

    def texts(self, selector):
        script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
        return self.run(script, selector)

    def hand(self):
        return ActionChains(self.browser, duration=0)

    def press(self, *keys):
        self.hand().send_keys(*keys).perform()

    def click(self, selector):
        element = self.one(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        self.hand().click(element).perform()

    def lens(self, name):
        self.click(f"#tab-{name}")

    def phase(self, name):
        self.click(f'[data-phase-button="{name}"]')

    def select(self, link):
        """Click a neuron in its middle; lines cross there, so a line is told of its click."""
        if link.startswith("n"):
            self.click(f'#network [data-link="{link}"] circle')
        else:
            line = self.one(f'#network [data-link="{link}"] .hit')
            self.run("arguments[0].dispatchEvent(new Event('click', {bubbles: true}))", line)

    def go_to(self, step):
        """Drag the scrubber to the step of that number, from 0."""
        self.run(
            "const s = document.getElementById('scrubber'); s.value = arguments[0];"
            "s.dispatchEvent(new Event('input', {bubbles: true}))",
            int(step),
        )

    def write(self, name, text):
        """Into a field of the what-if form."""
        field = self.one(f'[name="{name}"]')
        field.clear()
        field.send_keys(text)

    def train_on(self):
        """Press the what-if's button, and wait until the page has trained."""
        self.click("#what-if button")
        WebDriverWait(self.browser, 60, 0.05).until(lambda _: self.all("#back-to-recorded"))

    def equations(self, part="#focus"):
        """{name: (line of numbers, result)} of the equations shown."""
        script = """return [...document.querySelectorAll(arguments[0] + " .equation")].map(
            (e) => [e.dataset.equation, e.querySelector(".figures").textContent,
             e.querySelector(".result").textContent])"""
        found = self.run(script, part)
        return {name: (" ".join(line.split()), result) for name, line, result in found}


@pytest.fixture
def page(browser, circles):
    opened = Page(browser, circles)
    yield opened
    assert opened.log() == []


def number(text):
    return float(text.replace(MINUS, "-").replace("+", "").replace(" %", ""))


def worked_out(line):
    """What a learner gets who types the line of numbers into a calculator."""
    text = line.replace("·", "*").replace(MINUS, "-")
    names = {n: getattr(math, n) for n in ("exp", "log", "sqrt", "tanh")}
    return eval(text, {"__builtins__": {}}, names | {"max": max, "abs": abs})


def assert_works_out(equations):
    assert equations
    for name, (line, result) in equations.items():
        found = worked_out(line) + 0.0  # without the sign of -0.0
        assert f"{found:.3e}" == f"{number(result):.3e}", (name, line, result)


# ---- 1 deterministic, offline ----


def test_the_same_run_gives_the_same_bytes_and_no_address_is_in_them(circles, folder):
    again = write_page(
        folder / "circles.run.safetensors", folder / "again.html", keras=demos.KERAS_CIRCLES
    )
    assert again.read_bytes() == circles.read_bytes()
    assert b"http" not in circles.read_bytes()
    assert circles.stat().st_size <= 3_000_000


def test_the_page_loads_nothing_else(page):
    assert page.run("return performance.getEntriesByType('resource').length") == 0


# ---- 2 the scrubber ----


@pytest.mark.parametrize("gear", ["1", "2", "3", "4"])
def test_37_presses_forward_and_37_back_show_the_same_numbers(page, gear):
    page.press(gear)
    count = 5 if gear == "1" else 37  # there are 16 epochs
    before = page.text("main"), page.text("#where")
    page.press(*[Keys.ARROW_RIGHT] * count)
    assert page.text("#where") != before[1]
    page.press(*[Keys.ARROW_LEFT] * count)
    assert (page.text("main"), page.text("#where")) == before


def test_the_gears_move_by_an_epoch_a_batch_a_phase_and_an_operation(page):
    def step():
        return int(re.search(r"Step (\d+)", page.text("#where"))[1])

    first = step()
    page.press("1", Keys.ARROW_RIGHT)
    assert step() == first + 25
    page.press("2", Keys.ARROW_LEFT)
    assert step() == first + 24
    page.press("3", Keys.ARROW_RIGHT)
    assert page.text(".phase.now").endswith("update")
    assert step() == first + 24
    page.press("4", Keys.ARROW_RIGHT)
    assert "forward: weighted sums" in page.text("#where")
    assert step() == first + 25


def test_the_loss_curve_can_be_dragged_along(page):
    slider = page.one("#scrubber")
    before = page.text("#where")
    page.hand().move_to_element(slider).click_and_hold().move_by_offset(
        200, 0
    ).release().perform()
    after = page.text("#where")
    assert before != after
    assert 250 < int(re.search(r"Step (\d+)", after)[1]) < 290


def test_what_is_not_computed_yet_is_not_shown(page):
    page.phase("forward")
    assert "dz1[0]" not in page.text("#network")
    assert "y1[0]" in page.text("#network")
    page.press("3", Keys.ARROW_LEFT, "4", Keys.ARROW_RIGHT)  # the first operation of a step
    assert len(page.all(".node.unknown")) == 5


# ---- 3 equations with numbers ----


def test_every_neuron_and_weight_has_equations_whose_numbers_work_out(page):
    links = [f"n-{layer}-{o}" for layer, units in enumerate((4, 4, 1)) for o in range(units)]
    links += ["w-0-0-1", "w-0-1-3", "w-1-2-0", "w-1-3-3", "w-2-0-0"]
    for link in links:
        page.select(link)
        equations = page.equations()
        assert "dz" in equations and ({"z", "contribution"} & equations.keys()), link
        assert_works_out(equations)
    page.select("n-2-0")
    assert {"z", "y", "loss", "dz", "move"} == page.equations().keys()
    assert "/ 32" in page.equations()["dz"][0]


def test_in_the_phase_update_the_new_weight_is_the_one_that_was_recorded(page, folder):
    run = run_file.read(folder / "circles.run.safetensors")
    step = run.document["evidence_steps"][1]
    page.go_to(step)
    page.phase("update")
    for link, at in (("w-1-2-3", 12 + 4 * 2 + 3), ("n-0-1", 8 + 1)):
        page.select(link)
        assert page.text(".block.now h4") == "Update"
        line, result = page.equations()["move"]
        assert_works_out({"move": (line, result)})
        assert number(result) == pytest.approx(run.parameters[step + 1, at], rel=6e-4)


def test_a_term_and_its_line_light_up_together(page):
    page.select("n-1-1")
    term = page.one('#focus .term[data-link="w-1-2-1"]')
    page.hand().move_to_element(term).perform()
    assert "lit" in page.one('#network [data-link="w-1-2-1"]').get_attribute("class")
    page.hand().move_to_element(page.one("h1")).perform()
    assert "lit" not in page.one('#network [data-link="w-1-2-1"]').get_attribute("class")


def test_the_numbers_are_those_of_the_recorded_run(page, folder):
    run = run_file.read(folder / "circles.run.safetensors")
    step = run.document["evidence_steps"][2]
    page.go_to(step)
    page.lens("ledger")
    for i in range(4):
        page.select(f"w-1-{i}-2")
        expected = run.evidence()[step]["1/dW"][i, 2]
        assert number(page.text("#ledger-gradient")) == pytest.approx(expected, rel=6e-4)


# ---- 4 and 5 the ledgers ----


def test_the_gradient_ledger_adds_up_and_divides_by_B_once(page):
    page.lens("ledger")
    rows = [number(text) for text in page.texts("#ledger .contribution")]
    assert len(rows) == 32
    assert [abs(row) for row in rows] == sorted((abs(row) for row in rows), reverse=True)
    total, gradient = number(page.text("#ledger-total")), number(page.text("#ledger-gradient"))
    assert sum(rows) == pytest.approx(total, abs=32 * 5e-4)
    assert page.text("#ledger-divisor") == "32"
    assert total / 32 == pytest.approx(gradient, rel=2e-3)
    assert page.text(".ledger-sum").count("÷") == 1


def test_a_row_of_the_ledger_becomes_the_one_in_the_network(page):
    page.lens("ledger")
    row = page.run("return document.querySelectorAll('#ledger tr[data-row]')[5].dataset.row")
    page.click(f'#ledger tr[data-row="{row}"]')
    assert f"Row {row} of the data" in page.text("#probe-say")


def test_the_update_ledger_shows_adam_beside_sgd_and_where_epsilon_stands(page):
    page.lens("update")
    equations = page.equations("#lens")
    assert equations.keys() == {"m", "v", "w", "sgd"}
    assert_works_out(equations)
    names = page.texts("#update-ledger th")
    memory = ["m", "v"]
    first_words = [name.replace(",", "").split()[0] for name in names]
    assert first_words == ["old", "gradient", *memory, *memory, "step", "new", "new"]
    old, step, new = (number(page.texts("#update-ledger td")[n]) for n in (0, 6, 7))
    assert old + step == pytest.approx(new, abs=2e-6)
    assert page.one("#lens .figures .epsilon").text == f"1e{MINUS}7"
    assert "beside the root of v" in page.text("#lens")


# ---- 6 the gradient check ----


def test_the_check_lens_has_a_slider_and_a_v_in_both_formats(page):
    page.lens("check")
    assert number(page.text('[data-error="float64"]')) < 1e-6
    slider = page.one("#epsilon-slider")
    slider.send_keys(*[Keys.ARROW_RIGHT] * 8)
    assert page.text("#epsilon") == "0.1"
    coarse = number(page.text('[data-error="float64"]'))
    slider = page.one("#epsilon-slider")
    slider.send_keys(*[Keys.ARROW_LEFT] * 10)
    float32 = page.text('[data-error="float32"]')
    assert coarse > 1e-4 > number(page.text('[data-error="float64"]'))
    assert float32 == "NaN" or number(float32) > 1e-4
    assert len(page.all(".curve.float64")) == len(page.all(".curve.float32")) == 1
    assert int(page.one(".curve.float64").get_attribute("data-points")) >= 20


# ---- 7 parity badge and what-if ----


def test_the_badge_is_green_and_says_what_was_compared(page):
    page.click("#badge summary")
    assert "ok" in page.one("#badge").get_attribute("class")
    assert re.search(r"\d{3} recorded tensors", page.text("#badge"))


@pytest.mark.parametrize("array", ["parameters", "x", "evidence/0/1/dW", "keras/loss"])
def test_one_corrupted_byte_turns_the_badge_red_and_shuts_what_if(
    browser, circles, folder, array
):
    html = circles.read_text(encoding="utf-8")
    begin = html.index('id="run">') + len('id="run">')
    end = html.index("</script>", begin)
    content = json.loads(html[begin:end])
    data = bytearray(base64.b64decode(content["arrays"][array]["data"]))
    data[len(data) // 2] ^= 1
    content["arrays"][array]["data"] = base64.b64encode(data).decode()
    damaged = folder / "damaged.html"
    text = json.dumps(content).replace("<", "\\u003c")
    damaged.write_text(html[:begin] + text + html[end:], encoding="utf-8")
    page = Page(browser, damaged)
    assert "bad" in page.one("#badge").get_attribute("class")
    assert array in page.text("#badge")
    page.lens("whatif")
    assert "The badge is red" in page.text("#lens")
    assert not page.all("#what-if")


def test_what_if_goes_on_from_here_with_the_recorded_run_as_a_ghost(page):
    page.lens("whatif")
    page.write("what-rate", "2")
    page.train_on()
    assert "what-if: a learning rate of 2" in page.text("#where")
    assert len(page.all(".loss.ghost")) == 1
    curves = page.run("return [...document.querySelectorAll('.loss')].map((e) => e.outerHTML)")
    assert curves[0] != curves[1]
    assert number(page.text("#what-loss")) > 0.3
    page.click("#back-to-recorded")
    assert not page.all(".loss.ghost")
    assert "what-if" not in page.text("#where")


@pytest.mark.parametrize("change", ["what-w", "what-x0", "what-flip"])
def test_what_if_takes_a_weight_an_input_or_a_label(page, change):
    page.lens("whatif")
    recorded = page.run("return document.querySelector('.loss').getAttribute('points')")
    page.click('[name="what-flip"]') if change == "what-flip" else page.write(change, "1.5")
    page.train_on()
    assert page.one(".loss.ghost").get_attribute("points")
    assert page.one(".loss:not(.ghost)").get_attribute("points") != recorded


def test_the_clothes_page_trains_on_too_on_the_very_batches_of_the_run(browser, fashion):
    page = Page(browser, fashion)
    page.click("#badge summary")
    assert "the parameters after the step" in page.text("#badge")
    confusion = texts_of_the_confusion(page)
    page.lens("whatif")
    labels = page.texts('[name="what-label"] option')
    assert labels == list(datasets.fashion_mnist.class_names)
    page.write("what-rate", "0.01")
    page.write("what-bright", "0.5")
    page.run("document.querySelector('[name=\"what-label\"]').value = '7'")
    page.train_on()
    change = page.text(".what-if-mark")
    assert "a learning rate of 0.01" in change
    assert "times 0.5" in change and "labelled Sneaker" in change
    assert page.all(".loss.ghost")
    page.press("2", *[Keys.ARROW_RIGHT] * 5)
    assert texts_of_the_confusion(page) != confusion  # the twin asks the net that it trained
    page.lens("whatif")
    page.click("#back-to-recorded")
    assert page.run("return document.querySelectorAll('.loss').length") == 1
    assert page.log() == []


def texts_of_the_confusion(page):
    page.lens("confusion")
    return page.texts("#confusion .cell")


def test_on_a_test_image_nothing_is_trained_and_the_page_says_so(browser, fashion):
    page = Page(browser, fashion)
    page.lens("confusion")
    page.click(".test-image")
    page.lens("whatif")
    assert not page.all('[name="what-label"]') and page.all('[name="what-rate"]')
    assert "on which nothing is trained" in page.text("#lens")


# ---- 8 space views ----


def colours_of(page, selector):
    script = """const c = document.querySelector(arguments[0]);
        const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        const seen = new Set();
        for (let n = 0; n < d.length; n += 4) seen.add(d.slice(n, n + 3).join());
        return seen.size"""
    return page.run(script, selector)


def test_the_space_views_are_painted_and_change_with_the_training(page):
    for selector in ("#boundary", '[data-map="0-0"]', "#warped"):
        assert colours_of(page, selector) > 5, selector
    picture = "return document.querySelector('#boundary').toDataURL()"
    before = page.run(picture)
    page.press("1", Keys.ARROW_RIGHT)
    assert page.run(picture) != before


def test_a_click_on_the_plane_chooses_another_row_and_a_map_a_neuron(page):
    before = page.text("#probe-say")
    box = page.one("#boundary")
    page.run("arguments[0].scrollIntoView({block: 'center'})", box)
    page.hand().move_to_element_with_offset(box, -100, 90).click().perform()
    assert page.text("#probe-say") != before
    page.click('.map[data-link="n-1-3"]')
    assert page.text("#focus h3") == "neuron 3 of hidden_2"


def test_the_clothes_page_shows_weights_logits_and_confusions(browser, fashion):
    page = Page(browser, fashion)
    assert "ok" in page.one("#badge").get_attribute("class"), page.text("#badge")
    assert len(page.all(".weight-image img")) == 2 * 32
    page.lens("logits")
    p = [number(cells) for cells in page.texts("#logits td:nth-child(4)")]
    assert len(p) == 10 and sum(p) == pytest.approx(1, abs=2e-3)
    assert_works_out(page.equations("#lens"))
    page.lens("confusion")
    counts = [int(text or 0) for text in page.texts("#confusion .cell")]
    assert sum(counts) == 200
    largest = max(range(100), key=counts.__getitem__)
    page.click(f'[data-cell="{largest // 10}-{largest % 10}"]')
    images = page.all(".test-image")
    assert len(images) == min(24, counts[largest])
    page.click(".test-image")
    assert "Test image" in page.text("#probe-say")
    for name in ("ledger", "update", "check", "vitals", "whatif", "weights"):
        page.lens(name)
        assert len(page.text(f'#lens [data-say="{name}"]')) > 60
    page.select(
        "n-1-"
        + page.run(
            "return document.querySelector('#network .node[data-link^=\"n-1-\"]').dataset.link"
        ).split("-")[-1]
    )
    assert_works_out(page.equations())
    assert page.log() == []


# ---- 9 the gallery ----


def test_the_gallery_pairs_runs_with_vital_signs_and_a_diagnosis(browser, gallery):
    page = Page(browser, gallery)
    assert "All units alike" in page.text("#diagnosis")
    assert page.text("#change del") == 'kernel_initializer="glorot_uniform"'
    assert page.text("#change ins") == 'kernel_initializer="zeros"'
    for run in ("#healthy", "#broken"):
        names = [f.get_attribute("data-sign") for f in page.all(f"{run} .vital")]
        assert names == ["gradient_norm", "update_ratio", "dead", "saturated"]
        assert colours_of(page, f"{run} canvas") > 3
    before = page.text("#case-say")
    page.press(Keys.ARROW_LEFT)
    assert page.text("#case-say") != before
    page.click('[data-case="overflow"]')
    assert "Numbers not finite" in page.text("#diagnosis")
    assert "The first number that is not finite" in page.text("#diagnosis")
    assert b"http" not in gallery.read_bytes()
    assert page.log() == []


# ---- 10 sentences, and a page that teaches before it is touched ----


def test_the_untouched_page_already_teaches(page):
    assert page.text("#focus h3").startswith("weight W2[")
    assert page.text(".phase.now").endswith("backward")
    assert len(page.all("#network .edge.picked")) == 1
    assert_works_out(page.equations())
    lead = page.text("#lead")
    assert "37 weights and biases" in lead and "400 steps" in lead


def test_every_part_has_a_sentence_made_of_the_present_numbers(page):
    names = ["space", "ledger", "update", "check", "vitals", "whatif", "keras"]
    first = {}
    for name in names:
        page.lens(name)
        first[name] = page.text(f'#lens [data-say="{name}"]')
    always = ("operation", "selected", "probe", "where")
    first |= {name: page.text(f'[data-say="{name}"]') for name in always}
    assert all(re.search(r"\d", sentence) for sentence in first.values())
    page.press("1", Keys.ARROW_RIGHT)
    page.select("w-0-1-2")
    for name in names:
        page.lens(name)
        assert page.text(f'#lens [data-say="{name}"]') != first[name], name
    assert page.text('[data-say="selected"]') != first["selected"]


def test_the_sentence_speaks_of_the_whole_phase_or_of_the_operation_and_the_selected(page):
    first = int(re.search(r"Step (\d+)", page.text("#where"))[1])
    sentence = '[data-say="operation"]'
    page.select("w-1-2-1")
    assert page.text(sentence).startswith("Backward: from the loss every layer")
    assert "backward, through all layers" in page.text("#where")
    page.press("4")  # operation: the last of backward is the gradient of hidden_1
    assert page.text(sentence).startswith("Each weight of hidden_1")
    over = "The selected weight W2[2,1] is in hidden_2, whose turn in this phase is over."
    assert over in page.text(sentence)
    page.press(*[Keys.ARROW_LEFT] * 3)
    shown = re.search(
        r"For the selected weight W2\[2,1\] that is dW2\[2,1\] = (\S+)\.$", page.text(sentence)
    )
    page.lens("ledger")
    assert shown[1] == page.text("#ledger-gradient")
    page.press(Keys.ARROW_LEFT)
    dz = page.equations()["dz"][1]
    assert f"that is dz2[1] = {dz}, which it leads to." in page.text(sentence)
    page.select("n-0-3")
    assert "neuron 3 is in hidden_1, whose turn in this phase is still" in page.text(sentence)
    assert int(re.search(r"Step (\d+)", page.text("#where"))[1]) == first


def test_the_phases_sentences_hold_the_largest_numbers_of_the_recorded_run(page, folder):
    run = run_file.read(folder / "circles.run.safetensors")
    step = run.document["evidence_steps"][1]
    seen = run.evidence()[step]
    page.go_to(step)
    page.phase("backward")
    largest = max((abs(seen[f"{l}/dW"]).max(), l) for l in range(3))
    shown = re.search(
        r"largest of all is (\S+), in (\w+)\.", page.text('[data-say="operation"]')
    )
    assert abs(number(shown[1])) == pytest.approx(largest[0], rel=6e-4)
    assert shown[2] == ("hidden_1", "hidden_2", "output")[largest[1]]
    page.phase("update")
    moves = run.parameters[step + 1] - run.parameters[step]
    shown = re.search(r"longest move is (\S+)\.", page.text('[data-say="operation"]'))
    assert abs(number(shown[1])) == pytest.approx(abs(moves).max(), rel=6e-4)
    assert "against the running means of their gradients" in page.text('[data-say="operation"]')


def test_a_step_that_goes_with_the_gradient_is_said_to_go_the_other_way(page, folder):
    run = run_file.read(folder / "circles.run.safetensors")
    found = [
        (step, i, o)
        for step, seen in run.evidence().items()
        for i in range(4)
        for o in range(4)
        if seen["1/dW"][i, o] * np.diff(run.parameters[step : step + 2, 12 + 4 * i + o], axis=0)
        > 0
    ]
    step, i, o = found[0]
    page.go_to(step)
    page.select(f"w-1-{i}-{o}")
    assert "the other way" in page.text('[data-say="selected"]')
    page.lens("update")
    assert page.text('[data-say="update"]').endswith("and goes the other way.")


def test_each_vital_sign_has_its_sentence_and_each_layer_a_line_of_its_own(page):
    page.lens("vitals")
    said = [page.text(f'.vital [data-say="{n}"]') for n in ("gradient_norm", "update_ratio")]
    for sentence, figure in zip(said, page.all(".vital"), strict=False):
        values = [output.text for output in figure.find_elements(By.CSS_SELECTOR, "output")]
        assert max(values, key=number) in sentence
    assert "Every ReLU gives something" in page.text('[data-say="dead"]')
    patterns = page.run(
        "return [...document.querySelectorAll('.vital:first-of-type .sign')]"
        ".map((e) => getComputedStyle(e).strokeDasharray)"
    )
    swatches = page.run(
        "return [...document.querySelectorAll('.vital:first-of-type .swatch')]"
        ".map((e) => getComputedStyle(e).backgroundImage)"
    )
    assert len(set(patterns)) == len(set(swatches)) == 3


# ---- 11 accessible ----


def test_the_keyboard_alone_reaches_and_selects_everything(page):
    page.run("document.querySelector('#network .node[role=button]').focus()")
    page.press(Keys.ENTER)
    assert page.text("#focus h3") == "neuron 0 of hidden_1"
    assert page.run("return document.activeElement.dataset.link") == "n-0-0"
    page.press(Keys.TAB)
    assert page.run("return document.activeElement.dataset.link") == "n-0-1"
    page.run("document.querySelector('#focus .term[data-link=\"w-0-1-0\"]').focus()")
    page.press(Keys.ENTER)
    assert page.text("#focus h3") == "weight W1[1,0]"
    page.run("document.querySelector('#tab-space').focus()")
    page.press(Keys.TAB, Keys.ENTER)
    assert page.one("#tab-ledger").get_attribute("aria-selected") == "true"
    page.run("document.querySelector('#ledger tr[data-row]').focus()")
    page.press(Keys.ENTER)
    assert page.run("return document.activeElement.className") == "probe"


def test_numbers_are_text_and_signs_are_more_than_colours(page):
    assert re.search(r"[\d.]{3,}", page.text("#network .node .value"))
    dashes = "return getComputedStyle(document.querySelector(arguments[0])).strokeDasharray"
    assert page.run(dashes, "#network .edge line.negative") != "none"
    assert page.run(dashes, "#network .edge line.positive") == "none"
    unnamed = page.run(
        "return [...document.querySelectorAll('button, [role=button], input')]"
        ".filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label')"
        " || e.labels?.length)).length"
    )
    assert unnamed == 0


def contrast(page, foreground, background):
    """The WCAG contrast of two of the page's colours."""

    def light(name):
        script = (
            "return getComputedStyle(document.documentElement).getPropertyValue(arguments[0])"
        )
        code = page.run(script, f"--{name}").strip()
        parts = [int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((light(foreground), light(background)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def media(page, **features):
    listed = [
        {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
    ]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": listed})


def test_both_themes_are_readable(page):
    paper = {}
    for theme in ("light", "dark"):
        media(page, prefers_color_scheme=theme)
        paper[theme] = page.run("return getComputedStyle(document.body).backgroundColor")
        for ink in ("ink", "muted", "positive", "negative", "pick", "good", "bad"):
            assert contrast(page, ink, "card") >= 4.5, (theme, ink)
    media(page)
    assert paper["light"] != paper["dark"]


def test_nothing_moves_for_those_who_asked_for_less_motion(page):
    duration = "return getComputedStyle(document.querySelector('.edge')).transitionDuration"
    media(page, prefers_reduced_motion="reduce")
    assert page.run(duration) == "0s"
    media(page, prefers_reduced_motion="no-preference")
    assert page.run(duration) != "0s"
    media(page)


def test_it_prints_without_controls_and_in_black_on_white(page):
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = "return getComputedStyle(document.querySelector(arguments[0])).display"
    assert page.run(shown, ".controls") == "none"
    assert page.run(shown, "#network") != "none"
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    pdf = page.browser.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert base64.b64decode(pdf).startswith(b"%PDF")


def test_who_reads_in_the_dark_prints_in_the_colours_of_the_light(page):
    picture = "return document.querySelector('#warped').toDataURL()"
    line = "return getComputedStyle(document.querySelector('.edge .positive')).stroke"
    media(page, prefers_color_scheme="light")
    light = page.run(line)
    media(page, prefers_color_scheme="dark")
    dark = page.run(picture)
    assert page.run(line) != light
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    paper = {"media": "print", "features": features}
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", paper)
    assert page.run(line) == light
    WebDriverWait(page.browser, 10, 0.05).until(lambda _: page.run(picture) != dark)
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


@pytest.mark.parametrize("width", [400, 1280])
def test_no_page_is_wider_than_the_screen(browser, circles, fashion, gallery, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for path in (circles, fashion, gallery):
            page = Page(browser, path)
            for tab in page.all("[role=tab]"):
                page.run("arguments[0].click()", tab)
                wide = page.run("return document.documentElement.scrollWidth")
                assert wide <= width, (path.name, tab.text)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


# ---- 12 beside Keras ----


def test_the_parity_lens_compares_the_same_step_with_keras_and_gives_reasons(page):
    page.lens("keras")
    assert len(page.all("#keras tbody tr")) == 3
    assert max(number(text) for text in page.texts("#keras td:nth-child(4)")) < 1e-12
    ours, theirs = page.texts("#keras tbody tr:first-child td")[:2]
    assert ours == theirs
    assert len(page.all(".reasons dt")) == 3


# ---- runs that went wrong ----


def test_a_run_that_left_the_finite_numbers_shows_where_it_began(browser, folder):
    overflow = next(case for case in CASES if case.id == "overflow")
    run = sick_runs.record(overflow.broken, folder / "overflow.safetensors")
    page = Page(browser, write_page(run, folder / "overflow.html"))
    assert "ok" in page.one("#badge").get_attribute("class"), page.text("#badge")
    page.lens("vitals")
    assert "The first number that is not finite" in page.text("#lens")
    assert len(page.all("line.bad")) == 1
    page.press("2", *[Keys.ARROW_RIGHT] * 30)
    assert "NaN" in page.text("#network")
    for name in ("space", "ledger", "update", "check", "whatif"):
        page.lens(name)
    assert page.log() == []


# ---- a run with few of its states ----


def thin_run(folder, hidden=16):
    """Circles in 100 steps, with the parameters before 4 of them and at the end."""
    x, y = datasets.circles(n_samples=400)
    model = models.Sequential(
        [layers.Dense(hidden, "relu"), layers.Dense(1, "sigmoid")], seed=3
    )
    model.compile("adam", "binary_crossentropy")
    path = folder / "thin.safetensors"
    recorder = Recorder(path, x, y, batch_size=20, states=5, evidence=2)
    model.fit(x, y, batch_size=20, epochs=5, verbose=0, callbacks=[recorder])
    return run_file.read(path)


def test_a_thin_run_says_so_and_tells_the_truth_about_its_rows(browser, folder, monkeypatch):
    run = thin_run(folder)
    k = 2
    step, x, y = run.state_steps[k], run.arrays["x"], run.arrays["y"]
    page = Page(browser, write_page(run, folder / "thin.html"))
    assert "ok" in page.one("#badge").get_attribute("class"), page.text("#badge")
    assert "kept at 4 moments" in page.text("#lead")
    page.go_to(step)
    assert f"moment {k + 1} of 4" in page.text("#where")
    right = 100 * np.mean((run.model(k)(x)[:, 0] > 0.5) == (y[:, 0] > 0.5))
    shown = re.search(r"(\d+) % of the points", page.text('[data-say="space"]'))
    assert int(shown[1]) == pytest.approx(right, abs=0.5)
    page.lens("ledger")
    rows = [int(text) for text in page.texts("#ledger th[scope=row]")]
    assert sorted(rows) == sorted(run.batch(step))
    monkeypatch.setattr(payload, "MOST_DATA", 100)  # as with a data set too large for a page
    page = Page(browser, write_page(run, folder / "thinner.html"))
    page.go_to(step)
    page.lens("ledger")
    rows = [int(text) for text in page.texts("#ledger th[scope=row]")]
    assert sorted(rows) == sorted(run.batch(step))
    page.lens("whatif")
    assert "cannot train on from here" in page.text("#lens")
    assert_every_lens_works(page)


# ---- any model that the recorder takes ----


@pytest.mark.parametrize("name", sorted(RUNS))
def test_every_lens_works_for_every_kind_of_model(browser, folder, name):
    run = record(folder / f"{name}.safetensors", *RUNS[name])
    assert_every_lens_works(Page(browser, write_page(run, folder / f"{name}.html")))


@pytest.mark.parametrize("widths", [(), (1,), (12, 2)])
def test_every_lens_works_for_any_width_in_the_plane(browser, folder, widths):
    x, y = datasets.circles(n_samples=64)
    model = models.Sequential([*(layers.Dense(n, "tanh") for n in widths), layers.Dense(1)])
    model.compile("sgd", "binary_crossentropy")
    path = folder / f"plane-{len(widths)}.safetensors"
    model.fit(x, y, epochs=2, verbose=0, callbacks=[Recorder(path, x, y)])
    page = Page(browser, write_page(path, path.with_suffix(".html")))
    assert page.all("#boundary")
    assert_every_lens_works(page)


def test_a_net_that_learns_numbers_is_not_said_to_tell_classes_apart(browser, folder):
    x, _ = datasets.circles(n_samples=64)
    model = models.Sequential([layers.Dense(5, "tanh"), layers.Dense(1)], seed=1)
    model.compile("sgd", "mse")
    path = folder / "numbers.safetensors"
    y = x.sum(axis=1)
    model.fit(x, y, epochs=2, verbose=0, callbacks=[Recorder(path, x, y)])
    page = Page(browser, write_page(path, path.with_suffix(".html")))
    assert not page.all("#boundary") and "class" not in page.text("body main")
    assert_every_lens_works(page)


def test_a_net_that_gives_logits_is_shown_with_its_probabilities(browser, folder):
    x, y = datasets.circles(n_samples=64)
    model = models.Sequential([layers.Dense(5, "tanh"), layers.Dense(1)], seed=1)
    model.compile("sgd", losses.BinaryCrossentropy(from_logits=True))
    path = folder / "logits.safetensors"
    model.fit(x, y, epochs=2, verbose=0, callbacks=[Recorder(path, x, y)])
    run = run_file.read(path)
    page = Page(browser, write_page(run, path.with_suffix(".html")))
    right = 100 * np.mean((run.model(0)(x) > 0) == (y.reshape(-1, 1) > 0))
    page.go_to(0)
    shown = re.search(r"(\d+) % of the points", page.text('[data-say="space"]'))
    assert int(shown[1]) == pytest.approx(right, abs=0.5)
    page.lens("vitals")
    assert "Cross-entropy on a linear output" not in page.text("#lens")
    assert_every_lens_works(page)


EVERY_LENS = """
    const texts = {};
    for (const tab of document.querySelectorAll("[role=tab]")) {
      tab.click();
      texts[tab.textContent] = document.querySelector("main").textContent;
    }
    return texts;
"""


def assert_every_lens_works(page):
    assert "ok" in page.one("#badge").get_attribute("class"), page.text("#badge")
    last = page.all("#network .node[role=button]")[-1].get_attribute("data-link")
    page.select(last)
    equations = page.equations()
    assert_works_out(equations)
    assert {"loss", "dz"} <= equations.keys()
    assert "nowhere else" in page.text("#focus")  # where 1 / B comes in
    drawn = page.one("#network .node[role=button]").get_attribute("data-link")
    o = drawn.split("-")[-1]
    for link in (drawn, f"w-0-0-{o}", f"w-0-1-{o}"):
        page.select(link)
        assert_works_out(page.equations())
        for lens, text in page.run(EVERY_LENS).items():
            assert not re.search(r"undefined|NaN|null", text), (lens, text)
    for phase in ("forward", "loss", "backward", "update"):
        page.phase(phase)
    assert page.log() == []
