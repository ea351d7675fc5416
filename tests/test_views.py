"""What a notebook shows: tables and curves that hold the numbers and nothing else."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import nnscratch as nn
from nnscratch import views
from nnscratch.layers import Dense, Input

X = np.random.default_rng(5).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(float)


class Checked(HTMLParser):
    """Cells of a table, and whether every tag that opens is closed in its turn."""

    def __init__(self, html):
        super().__init__()
        self.open, self.cells, self.tags = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.tags.append((tag, dict(attributes)))
        if tag in ("th", "td"):
            self.cells.append("")

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("th", "td"):
            self.cells[-1] += data.strip()


def read(html):
    page = Checked(html)
    assert page.open == []
    return page


def lines_of(html):
    """The points of each polyline, as arrays (n, 2)."""
    return [
        np.array([pair.split(",") for pair in points.split()], float)
        for points in re.findall(r'<polyline points="([^"]*)"', html)
    ]


def trained(**options):
    model = nn.Sequential([Input((3,)), Dense(4, "relu"), Dense(1, "sigmoid")], seed=1)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, model.fit(X, Y, verbose=0, **{"epochs": 3} | options)


# ---- models ----


def test_a_model_is_shown_with_its_layers_and_how_it_is_trained():
    model, _ = trained()
    html = model._repr_html_()
    cells = [
        "Layer (type)",
        "Output shape",
        "Parameters",
        "dense (Dense, relu)",
        "(n, 4)",
        "16",
    ]
    assert read(html).cells == [*cells, "dense_1 (Dense, sigmoid)", "(n, 1)", "5"]
    assert "Total parameters: 21 (84 bytes in float32)" in html
    assert "BinaryCrossentropy by Adam, learning rate 0.001, for 3 epochs" in html
    assert f"Engine: {model.engine}" in html


def test_a_model_that_is_not_built_and_not_compiled_is_shown_too():
    html = nn.Sequential([Dense(4)])._repr_html_()
    assert read(html).cells[-3:] == ["dense (Dense, linear)", "?", "?"]
    assert "Not built yet" in html and "Not compiled yet" in html


def test_names_are_escaped():
    model = nn.Sequential([Dense(4, name="<script>alert(1)</script>")], name="<b>&")
    html = model._repr_html_()
    assert "<script" not in html and "<b>" not in html
    assert "&lt;b&gt;&amp;" in html


# ---- histories ----


def test_a_history_is_shown_with_its_first_and_last_values():
    _, history = trained(validation_split=0.25)
    page, curves = read(history._repr_html_()), history.history
    ends = [curves[name][end] for name in ("loss", "val_loss") for end in (0, -1)]
    place = page.cells.index("loss")
    assert page.cells[place + 2 : place + 6] == [f"{value:.4g}" for value in ends]
    assert "History of 3 epochs" in history._repr_html_()
    assert repr(history) == "<History: 3 epochs of accuracy, loss, val_accuracy, val_loss>"


def test_without_validation_there_are_no_columns_for_it():
    page = read(trained()[1]._repr_html_())
    assert page.cells[:4] == ["", "epoch by epoch", "first", "last"]
    assert len(page.cells) == 3 * 4


def test_a_history_before_its_training_is_empty():
    history = nn.callbacks.History()
    assert repr(history) == "<History: 0 epochs of nothing>"
    assert read(history._repr_html_()).cells == ["", "epoch by epoch", "first", "last"]


def test_a_curve_falls_from_the_upper_left_to_the_lower_right_where_the_loss_falls():
    (line,) = lines_of(views.history({"loss": [3.0, 2.0, 1.0]}, 3))
    left, right = views.MARGIN, views.WIDTH - views.MARGIN
    top, bottom = views.MARGIN, views.HEIGHT - views.MARGIN
    middle = [(left + right) / 2, (top + bottom) / 2]
    np.testing.assert_allclose(line, [[left, top], middle, [right, bottom]])


def test_validation_is_dashed_and_on_the_same_scale():
    html = views.history({"loss": [2.0, 1.0], "val_loss": [3.0, 1.0]}, 2)
    looks = [attributes for tag, attributes in read(html).tags if tag == "polyline"]
    assert ["stroke-dasharray" in look for look in looks] == [True, False]
    validation, training = lines_of(html)
    assert validation[0, 1] == views.MARGIN
    assert training[0, 1] == views.HEIGHT / 2
    assert training[-1, 1] == validation[-1, 1]


def test_a_curve_breaks_where_it_is_not_finite():
    values = [1.0, 2.0, float("nan"), 3.0, float("inf"), 4.0]
    html = views.history({"loss": values}, 6)
    assert [len(line) for line in lines_of(html)] == [2, 2, 2]
    assert read(html).cells[-2:] == ["1", "4"]


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5], [float("nan")], [1]])
def test_short_and_flat_curves_can_be_drawn(values):
    html = views.history({"loss": values}, len(values))
    assert all(np.isfinite(line).all() for line in lines_of(html))
    assert read(html).cells[-1] == f"{values[-1]:.4g}"


def test_a_long_training_makes_no_long_page():
    values = np.linspace(1, 0, 10_001).tolist()
    html = views.history({"loss": values}, len(values))
    (line,) = lines_of(html)
    assert len(html) < 8_000
    np.testing.assert_allclose(
        line[-1], [views.WIDTH - views.MARGIN, views.HEIGHT - views.MARGIN]
    )


def test_a_metric_of_several_numbers_is_named_and_not_drawn():
    html = views.history({"f1_score": [np.zeros(3), np.ones(3)]}, 2)
    assert lines_of(html) == []
    assert read(html).cells[-2:] == ["several numbers", "several numbers"]


# ---- gradient checks ----


def test_a_gradient_check_is_shown_with_an_entry_for_each_tensor():
    report = nn.gradcheck(Dense(2, "tanh", name="<i>"), X[:4])
    page = read(report._repr_html_())
    assert [page.cells[7 * k] for k in range(1, 4)] == ["x", "W", "b"]
    assert [page.cells[7 * k + 1] for k in range(1, 4)] == ["ok"] * 3
    assert report.verdict in report._repr_html_()


def test_a_wrong_gradient_is_called_wrong():
    class Doubled(Dense):
        def backward(self, dy, cache):
            dx, grads = super().backward(dy, cache)
            return 2 * dx, grads

    html = nn.gradcheck(Doubled(2), X[:4])._repr_html_()
    assert read(html).cells[8] == "WRONG"
    assert "x is WRONG" in html


# ---- on any page ----


def test_texts_take_their_colour_from_the_page():
    model, history = trained()
    for shown in (model, history, nn.gradcheck(model, X[:4], Y[:4])):
        html = shown._repr_html_()
        assert set(re.findall(r"color: (\w+)", html)) == {"inherit"}
        assert "background" not in html


def contrast(a, b):
    """WCAG 2.2: the ratio of two colours' relative luminances, from 1 to 21."""

    def luminance(colour):
        channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return linear @ (0.2126, 0.7152, 0.0722) + 0.05

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return high / low


def test_curves_stand_out_from_a_light_and_from_a_dark_page():
    html = views.history({"loss": [2.0, 1.0], "val_loss": [3.0, 1.0]}, 2)
    for colour in re.findall(r'stroke="(#\w+)"', html):
        assert contrast(colour, "#FFFFFF") >= 3  # WCAG 2.2, 1.4.11
        assert contrast(colour, "#111111") >= 3  # JupyterLab's dark theme
