"""One recorded run as one HTML page: the run's numbers and the files of ``page/``, in one file.

The same run file gives the same bytes. The page needs no network and no server.
"""

import json
import re
from pathlib import Path

from nnscratch.microscope import payload, run_file

FOLDER = Path(__file__).with_name("page")
STYLES = (  # in this order: a later rule overrules an earlier one
    "tokens.css",
    "layout.css",
    "parts.css",
    "network.css",
    "lenses.css",
    "charts.css",
    "narrow.css",
    "gallery.css",
    "print.css",
)
IMPORT = re.compile(r"^import \{[^}]*\} from \"\./([\w.]+)\";\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)


def write_page(run, path, *, keras=None):
    """Write the page of a run (a Run, or the path of a run file) to ``path``; returns the path.

    keras  a file with the same training by Keras, see ``keras_run``
    """
    run = run if isinstance(run, run_file.Run) else run_file.read(run)
    return write(path, "page.html.j2", "main.js", payload.of_run(run, keras))


def write(path, template, script, content):
    """Fill a template of ``page/`` with its styles, scripts and JSON values."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    html = environment.get_template(template).render(
        style="".join((FOLDER / name).read_text(encoding="utf-8") for name in STYLES),
        script=joined(script),
        content=_json(content),
        about=content["about"],
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8", newline="\n")
    return path


def joined(script):
    """A module and all that it imports as one script, each file once, the needed ones first.

    Every name in these files is unique, so that they can share one scope.
    """
    parts, seen = [], set()

    def add(name):
        if name in seen:
            return
        seen.add(name)
        source = (FOLDER / name).read_text(encoding="utf-8")
        for needed in IMPORT.findall(source):
            add(needed)
        parts.append(f"// ---- {name} ----\n\n{EXPORT.sub('', IMPORT.sub('', source))}")

    add(script)
    return "\n".join(parts)


def _json(content):
    """JSON that may stand inside a script element: nothing in it can end the element."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")
