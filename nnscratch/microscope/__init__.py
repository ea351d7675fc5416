"""The microscope: a real training recorded, and shown step by step in one offline HTML page.

    recorder = nn.microscope.Recorder("run.safetensors", x, y, batch_size=32)
    model.fit(x, y, batch_size=32, epochs=16, callbacks=[recorder])
    nn.microscope.write_page("run.safetensors", "page.html")

    recorder.py   a callback that keeps parameters, row orders and tensors of a training
    run_file.py   the run file, read back and checked; keras_run.py: the same run by Keras
    vitals.py     vital signs of every recorded step; diagnosis.py: what they mean, in words
    payload.py    a run as the page's JSON; page.py: that and the files of page/ as one file
    gallery.py    healthy and broken runs side by side; sick_runs.py: how they are trained
    demos.py      the trainings behind the pages of ``nnscratch microscope --demo``
    page/         the page itself: JavaScript, CSS and templates, each file of one purpose

The page computes forward, backward and update again with an engine of its own
(``page/engine.js``) and says whether it agrees with what was recorded.
"""

from nnscratch.microscope.gallery import write_gallery
from nnscratch.microscope.page import write_page
from nnscratch.microscope.recorder import Recorder
from nnscratch.microscope.run_file import Run, read

__all__ = ["Recorder", "Run", "read", "write_gallery", "write_page"]
