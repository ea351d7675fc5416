"""The break-it gallery: healthy and broken runs side by side, with vital signs, in words."""

import tempfile
from pathlib import Path

import numpy as np

from nnscratch.microscope import diagnosis, sick_runs, vitals
from nnscratch.microscope.page import write
from nnscratch.microscope.payload import SIGNS, pack

PICTURES = 25  # moments of a run that are shown as a map or an accuracy
CELLS = 40  # along each side of a map
PLANE = 1.3  # the map goes from -PLANE to PLANE


def write_gallery(path, *, cases=sick_runs.CASES, seed=42):
    """Train every case's two runs and write the page that compares them; returns its path."""
    every = [setup for case in cases for setup in (case.healthy, case.broken)]
    setups = list({repr(setup): setup for setup in every}.values())  # a healthy one only once
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{n}.safetensors" for n in range(len(setups))]
        runs = [_run(setup, path, seed) for setup, path in zip(setups, paths, strict=True)]
    x, y, _ = sick_runs.data(sick_runs.CIRCLES)
    content = {
        "about": {"title": "Break it, and see what breaks", "plane": PLANE},
        "cases": [_case(case, setups) for case in cases],
        "runs": runs,
        "points": {"x": pack(x.astype(np.float32)), "y": pack(y.astype(np.uint8))},
    }
    return write(path, "gallery.html.j2", "gallery.js", content)


def _case(case, setups):
    names = ("id", "title", "before", "after")
    keys = [repr(setup) for setup in setups]
    pair = {which: keys.index(repr(getattr(case, which))) for which in ("healthy", "broken")}
    return {name: getattr(case, name) for name in names} | pair


def _run(setup, path, seed):
    """What the page shows of one run."""
    run = sick_runs.record(setup, path, seed=seed)
    signs = vitals.of_run(run)
    found = diagnosis.diagnose(run, signs)
    moments = np.unique(np.linspace(0, len(run.state_steps) - 1, PICTURES).astype(int))
    *_, test = sick_runs.data(setup)
    models = [run.model(state) for state in moments]
    return {
        "data": setup.data,
        "layers": [layer.name for layer in run.dense],
        "losses": [float(loss) if np.isfinite(loss) else None for loss in run.losses],
        "steps": run.state_steps[:-1].tolist(),
        "vitals": {n: pack(np.asarray(getattr(signs, n), np.float32)) for n in SIGNS},
        "diagnosis": [vars(finding) for finding in found],
        "firstBad": signs.first_bad,
        "moments": run.state_steps[moments].tolist(),
        "right": [_share_right(model, *test) for model in models],
        "maps": pack(np.array([_map(model) for model in models])) if _is_plane(run) else None,
    }


def _share_right(model, x, y):
    with np.errstate(all="ignore"):
        p = model(x)
    said = p.argmax(axis=1) if p.shape[1] > 1 else p[:, 0] > 0.5
    return float(np.mean(said == y))


def _is_plane(run):
    return run.dense[0].params["W"].shape[0] == 2


def _map(model):
    """What the model says over the plane, (CELLS, CELLS), 0..255 for 0..1; not finite: 128."""
    axis = (np.arange(CELLS) + 0.5) / CELLS * 2 * PLANE - PLANE
    across, up = np.meshgrid(axis, -axis)
    with np.errstate(all="ignore"):
        p = model(np.stack([across.ravel(), up.ravel()], axis=1))[:, 0]
    shades = np.nan_to_num(np.clip(p, 0, 1) * 255, nan=128.0)
    return shades.reshape(CELLS, CELLS).round().astype(np.uint8)
