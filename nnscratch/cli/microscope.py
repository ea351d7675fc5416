"""``nnscratch microscope``: a recorded run, or one of the demos, as an HTML page."""

from pathlib import Path

from nnscratch import checks, microscope
from nnscratch.microscope import demos

DEMOS = {"circles": demos.circles, "fashion-mnist": demos.fashion, "gallery": demos.gallery}
PAGES = {
    "circles": "backprop.html",
    "fashion-mnist": "backprop-fashion-mnist.html",
    "gallery": "backprop-gallery.html",
}


def write(run, out, demo, keras, seed, say):
    """Write the page of a run file, or train a demo and write its page; prints the path."""
    if (run is None) == (demo is None):
        raise ValueError(
            "give a run file, or --demo circles, fashion-mnist or gallery.\n"
            "A run file is written by nn.microscope.Recorder in fit(callbacks=[...])."
        )
    if run is not None:
        page = microscope.write_page(run, out or Path(run).with_suffix(".html"), keras=keras)
    elif keras is not None:
        raise ValueError("--keras goes with a run file; the circles demo has its own")
    else:
        train = checks.look_up("--demo", demo, DEMOS)
        say(demos.WHAT[demo])
        page = train(out or Path("out") / PAGES[demo], seed=seed)
    size = page.stat().st_size / 1e6
    print(f"{page}  ({size:.1f} MB; open it in a browser, no network is needed)")
