"""The benchmarks: every problem in small, and that what they report is what was measured.

No test asserts a time.
"""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command_line
from benchmarks import fresh, growth, machine, peers, race, report, targets, workloads
from benchmarks.race import Row
from benchmarks.worker import PeerError, Worker

SMALL = {
    name: workload._replace(rows=200, epochs=min(2, workload.epochs))
    for name, workload in workloads.ALL.items()
}
QUIET = {"tell": lambda words: None}


def losses(name, workload):
    """The mean cross-entropy that a peer ends with, in this process, rows in given order."""
    x, y = workloads.data(workload)
    peer = peers.find(name).make(workload, x, y, workloads.start_weights(workload))
    peer.reset()
    result = peer.run(shuffle=False)
    if workload.task == "fit":
        return result
    return [-np.log(np.asarray(result)[np.arange(len(y)), y]).mean()]


class TestWorkloads:
    def test_the_operations_of_w1_are_those_counted_by_hand(self):
        # Forward and gradient 4 x 83,900 for each row, down to the inputs of layers 2 and 3
        # 2 x 5,500; 1,875 steps of Adam on 84,060 parameters.
        by_hand = 60_000 * (4 * 83_900 + 2 * 5_500) + 1_875 * 40 * 84_060
        assert workloads.W1.operations == by_hand

    def test_predicting_counts_the_forward_pass_only(self):
        assert workloads.W5.operations == 10_000 * 2 * 83_900

    def test_a_last_smaller_batch_is_a_step_too(self):
        few = workloads.W1._replace(rows=33)
        adam = 40 * few.parameters
        assert few.operations - 33 * (4 * 83_900 + 2 * 5_500) == 2 * adam

    @pytest.mark.parametrize("name", SMALL)
    def test_the_data_are_what_the_workload_says(self, name):
        workload = SMALL[name]
        x, y = workloads.data(workload)
        assert (x.shape, y.shape) == ((200, workload.inputs), (200,))
        assert (x.dtype, y.dtype) == (workload.pixels, "int64")
        assert y.min() >= 0 and y.max() < max(2, workload.units[-1])
        assert workload.source == "circles" or x.max() == (255 if x.dtype == "uint8" else 1)

    def test_more_rows_than_there_are_repeat_the_images(self, monkeypatch):
        images = np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
        few = ((images, np.array([5, 6, 7], np.uint8)), None), ""
        monkeypatch.setattr(workloads.nn.datasets.fashion_mnist, "find_data", lambda: few)
        _, y = workloads.data(workloads.W1._replace(rows=6001))
        assert list(y[:4]) == [5, 6, 7, 5] and len(y) == 6001

    def test_both_kinds_of_pixels_are_the_same_images(self):
        (floats, _), (pixels, _) = (workloads.data(SMALL[n]) for n in ("W3", "W3-uint8"))
        np.testing.assert_allclose(floats, pixels / 255, rtol=1e-6)


def pairs(names):
    """(name of a peer, workload in small) for all workloads that the peer takes."""
    return [
        pytest.param(name, workload, id=f"{name}-{workload.name}")
        for name in names
        for workload in SMALL.values()
        if peers.find(name).takes(workload)
    ]


class TestPeers:
    """Every peer that is here, on every workload in small, beside NumPy by hand."""

    def agree(self, name, workload):
        entry = peers.find(name)
        if not entry.installed:
            pytest.skip(f"{entry.package} is not installed")
        expected = losses("numpy", workload)
        np.testing.assert_allclose(losses(name, workload), expected, rtol=race.FEW_STEPS_AGREE)

    @pytest.mark.parametrize(
        ("name", "workload"), pairs([*peers.OURS, "jax", "torch-1", "sklearn"])
    )
    def test_the_losses_are_those_of_numpy_by_hand(self, name, workload):
        self.agree(name, workload)

    @pytest.mark.tensorflow
    @pytest.mark.parametrize(
        ("name", "workload"),
        [("keras", SMALL["W3-uint8"]), ("keras", SMALL["W2"]), ("keras-call", SMALL["W5"])],
        ids=["W3-uint8", "W2", "W5"],
    )
    def test_the_losses_of_keras_are_those_of_numpy_by_hand(self, name, workload):
        self.agree(name, workload)

    @pytest.mark.parametrize("name", ["numpy", "nnscratch-eager", "sklearn"])
    def test_every_run_begins_at_the_same_weights(self, name):
        workload = SMALL["W2"]
        peer = peers.find(name).make(
            workload, *workloads.data(workload), workloads.start_weights(workload)
        )
        found = []
        for _ in range(2):
            peer.reset()
            found.append(peer.run(shuffle=False))
        assert found[0] == found[1]

    def test_an_unknown_peer_is_refused_with_the_names_there_are(self):
        with pytest.raises(ValueError, match=r"unknown peer 'numpi'.*numpy"):
            peers.find("numpi")


class TestRace:
    def test_peers_in_processes_of_their_own_are_validated_and_timed(self):
        entries = [peers.find("nnscratch-eager"), peers.find("numpy")]
        rows = race.run(SMALL["W2"], entries, repeats=2, **QUIET)
        assert [row.peer for row in rows] == ["nnscratch-eager", "numpy"]
        assert [len(row.times) for row in rows] == [2, 2]
        assert rows[0].engine == "eager: run_eagerly=True"
        assert rows[0].apart[1] <= race.WHOLE_AGREES and rows[1].apart == (0, 0)

    def test_a_peer_that_is_not_installed_is_left_out_by_name(self):
        missing = peers.Entry("fastest", "by_hand", "no_such_package", {})
        row = race.Row("fastest", absent=race._absent(missing, SMALL["W1"]))
        assert row.absent == "no_such_package is not installed"
        assert "fastest is left out: no_such_package is not installed." in report._race_note(
            [row]
        )

    def test_a_peer_whose_losses_differ_is_not_timed(self):
        class Liar:
            def load(self, workload):
                pass

            def run(self, *, shuffle):
                return {"seconds": 1.0, "losses": [0.6], "threads": 1, "engine": None}

        good = {"seconds": 1.0, "losses": [0.5]}
        row = race._compared("liar", Liar(), SMALL["W1"], SMALL["W1"], (good, good))
        assert row.trouble.startswith("its losses differ from numpy's: by 20 % over")
        assert row.times == ()

    @pytest.mark.parametrize("loss", [float("nan"), float("inf")])
    def test_a_loss_that_is_no_number_agrees_with_nothing(self, loss):
        class Broken:
            def load(self, workload):
                pass

            def run(self, *, shuffle):
                return {"seconds": 1.0, "losses": [loss], "threads": 1, "engine": None}

        good = {"seconds": 1.0, "losses": [0.5]}
        assert race._compared("x", Broken(), None, None, (good, good)).trouble

    def test_ratios_are_taken_pair_by_pair(self):
        # The machine was three times slower in the second round, for both.
        ours, theirs = Row("a", times=(1.0, 3.0, 1.0)), Row("b", times=(2.0, 6.0, 4.0))
        assert race.ratio(theirs, ours) == 2.0

    def test_a_slow_peer_has_fewer_pairs(self):
        ours, theirs = Row("a", times=(1.0, 2.0, 1.0, 1.0)), Row("b", times=(10.0, 10.0))
        assert race.ratio(theirs, ours) == 7.5

    def test_without_times_there_is_no_ratio(self):
        assert race.ratio(Row("a"), Row("b", times=(1.0,))) is None

    def test_the_spread_is_the_distance_of_the_quartiles(self):
        assert Row("a", times=(1.0, 2.0, 3.0, 4.0, 5.0)).spread == pytest.approx(2 / 3)

    def test_slow_runs_are_repeated_less_often(self):
        assert race._is_done((6.0, 7.0, 6.0)) and not race._is_done((6.0, 7.0))
        assert not race._is_done((1.0,) * 6)


class TestWorker:
    def test_a_failing_request_names_the_peer_and_the_next_one_is_answered(self):
        with Worker(peers.find("numpy")) as worker:
            with pytest.raises(PeerError, match="numpy failed:\nAttributeError"):
                worker.run()
            worker.load(SMALL["W2"])
            assert worker.run()["seconds"] > 0

    def test_a_process_that_dies_is_told_by_its_exit_code(self):
        with Worker(peers.find("numpy")) as worker:
            worker.process.kill()
            worker.process.join()
            with pytest.raises(PeerError, match=r"numpy ended by itself \(exit code -9\)"):
                worker.load(SMALL["W2"])


class TestFreshProcesses:
    def test_memory_is_that_of_the_data_at_least(self):
        peak = fresh.peak_memory("numpy", workloads.W1._replace(rows=5000))
        assert peak > 5000 * 784 * 5 / 1e6  # float32 and the bytes they were made of

    def test_a_failure_in_the_process_is_reported(self):
        with pytest.raises(PeerError, match="unknown peer"):
            fresh.peak_memory("numpi", SMALL["W2"])

    @pytest.mark.filterwarnings("ignore::nnscratch.TrainingWarning")  # noise kills many ReLUs
    @pytest.mark.parametrize("name", fresh.COMBINATIONS)
    def test_every_combination_of_parts_trains(self, name):
        model, x, y = fresh.combined(**fresh.COMBINATIONS[name])
        model.compile(model.optimizer, model.loss, run_eagerly=True)
        assert np.isfinite(model.fit(x, y, verbose=0).history["loss"][0])

    def test_import_takes_in_nothing_heavy(self):
        assert fresh.import_time(repeats=1)["heavy"] == []


def raced(**times):
    """Results of W1 with these times in seconds."""
    rows = [
        Row(
            name.replace("_", "-"), threads=1, first=1.0, times=each, apart=(0.0, 1e-6)
        )._asdict()
        for name, each in times.items()
    ]
    absent = Row("keras", absent="tensorflow is not installed")._asdict()
    found = {"title": "W1: images", "operations": 2e10, "rows": [*rows, absent]}
    return {
        "machine": {"cpu": "a | b", "versions": {"numpy": "2"}},
        "command": "python -m benchmarks",
        "troubles": [],
        "limits": {"1": 200.0},
        "workloads": {"W1": found},
    }


class TestTargets:
    def find(self, results, what):
        return next(t for t in targets.judge(results) if t.what == what)

    def test_a_time_is_judged_by_its_median(self):
        results = raced(nnscratch_1=(0.1, 0.16, 0.9))
        target = self.find(results, "W1, nnscratch-1")
        assert (target.measured, target.verdict) == (160.0, "met")

    def test_the_second_figure_is_told_apart(self):
        results = raced(nnscratch_1=(0.14, 0.14, 0.14))
        assert self.find(results, "W1, nnscratch-1").verdict == "met, and the second"

    def test_the_fastest_variant_of_a_peer_counts(self):
        results = raced(nnscratch_1=(0.1, 0.1), torch_1=(0.5, 0.5), torch_2=(0.3, 0.3))
        target = self.find(results, "W1, torch / nnscratch-1")
        assert target.measured == pytest.approx(3.0) and target.verdict == "missed"

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        assert self.find(raced(), "W1, nnscratch-1").verdict == "not measured"

    def test_ten_times_the_rows_may_not_take_eleven_times_as_long(self):
        curve = {"values": [60_000, 600_000], "lines": {targets.TWO: [1.0, 11.5]}}
        results = raced() | {"growth": {"rows": curve}}
        assert self.find(results, "600,000 rows / 60,000 rows, time").verdict == "missed"
        assert self.find(results, "the same, not below").verdict == "met"


class TestReport:
    results = raced(nnscratch_1=(0.1, 0.2), jax=(0.4, 0.4)) | {
        "start": {targets.TWO: [0.6, 0.7]},
        "import": {"seconds": 0.1, "heavy": []},
        "cold": {fresh.W1_KERNELS: 4.0},
        "memory float32": {targets.TWO: 370.0},
        "growth": {
            "rows": {
                "label": "rows",
                "values": [10, 100],
                "lines": {targets.TWO: [0.1, 1.0]},
                "left_out": [1000],
            },
            "epochs": {
                "label": "epochs",
                "values": [1, 2],
                "lines": {targets.TWO: [370.0, 371.0]},
                "left_out": [],
                "unit": "MB at the peak",
            },
        },
    }

    def test_a_row_has_times_ratio_and_share_of_the_limit(self):
        # 2e10 operations in 0.4 s are 50 GFLOPS of 200; 0.4 over 0.1 and over 0.2: median 3.
        text = report.markdown(self.results, [])
        assert "| jax | 2 | 400 | 400 | 0 % | 1,000 | 3 | 25 % | 1.0e-06 |" in text

    def test_who_is_left_out_stays_in_the_table_with_the_reason(self):
        text = report.markdown(self.results, [])
        assert "| keras | - |" in text
        assert "keras is left out: tensorflow is not installed." in text

    def test_every_table_of_the_page_is_whole(self):
        for table in report.tables(self.results):
            assert {len(row) for row in table.rows} <= {len(table.columns)}, table.title

    def test_saving_writes_the_page_the_json_and_the_pictures(self, tmp_path):
        report.save(self.results, tmp_path / "new")
        written = {path.name for path in (tmp_path / "new").iterdir()}
        pictures = {"W1.png", "growth-rows.png", "growth-epochs.png"}
        assert written == {"report.md", "results.json", *pictures}
        kept = json.loads((tmp_path / "new" / "results.json").read_text())
        assert report.markdown(kept, []) == report.markdown(self.results, [])

    def test_the_machine_is_named(self):
        found = machine.describe(data="somewhere")
        assert found["cores"] >= 1 and found["versions"]["numpy"] == np.__version__


class TestGrowth:
    @pytest.mark.parametrize("name", growth.CURVES)
    def test_every_value_of_a_curve_makes_its_workload(self, name):
        curve = growth.CURVES[name]
        made = [curve.make(value) for value in curve.values]
        assert len({workload.title for workload in made}) == len(curve.values)
        assert all(peers.find(peer) for peer in curve.peers)

    def test_what_does_not_fit_into_memory_is_left_out(self, monkeypatch):
        monkeypatch.setattr(growth, "_fits_in_memory", lambda workload, count: False)
        found = dict(growth.run(["jax"], repeats=1, **QUIET))
        assert found["growth"]["batch"]["left_out"] == list(growth.CURVES["batch"].values)


class TestCommandLine:
    def run(self, *arguments):
        return CliRunner().invoke(command_line.app, arguments)

    @pytest.mark.parametrize(
        ("option", "value", "message"),
        [("--only", "W9", "unknown part 'W9'"), ("--peers", "numpi", "unknown peer 'numpi'")],
    )
    def test_an_unknown_name_is_refused(self, option, value, message):
        found = self.run(option, value)
        assert found.exit_code == 2 and message in found.output

    def test_a_race_from_the_command_line_writes_its_report(self, tmp_path, monkeypatch):
        monkeypatch.setitem(workloads.ALL, "W2", SMALL["W2"])
        monkeypatch.setattr(command_line, "_limits", lambda tell: {"1": 100.0, "2": 200.0})
        monkeypatch.setattr(workloads, "data_source", lambda: "nowhere")
        chosen = ("--only", "W2", "--peers", "numpy", "--repeats", "1", "--out", str(tmp_path))
        found = self.run(*chosen)
        assert found.exit_code == 0, found.output
        assert "W2: circles" in found.output
        assert "| numpy | 1 |" in (tmp_path / "report.md").read_text()

    def test_an_interrupted_run_reports_what_it_has(self, tmp_path, monkeypatch):
        def interrupted(*arguments, **options):
            yield from ((part, raced()[part]) for part in ("machine", "limits", "workloads"))
            raise KeyboardInterrupt

        monkeypatch.setattr(command_line, "measure", interrupted)
        found = self.run("--out", str(tmp_path))
        assert found.exit_code == 1 and "Interrupted" in found.output
        assert (tmp_path / "report.md").exists()
