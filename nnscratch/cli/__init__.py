"""The command line: ``nnscratch demo | train | evaluate | predict | info | explain ...``.

    commands.py    the options, and what becomes of errors, warnings and Ctrl-C
    demo.py        demo
    training.py    train
    using.py       evaluate, predict and info
    exporting.py   export
    explaining.py  explain and gradcheck
    microscope.py  microscope
    learning.py    learn list | start | check | hint | solution
    tables.py      the data that ``--data`` names; csv_table.py reads a user's own table
    recipe.py      from a table's rows to what a network computes with, and back
    output.py      results and pictures, also those of the demo

Results go to stdout, everything else to stderr.
"""


def main(arguments=None):
    """Run ``arguments`` (the process's own, if None) and exit with 0, 1, 2 or 130.

    1 is an error in what the user asked for or handed over, 2 an option that does not exist
    or has no such value, 130 Ctrl-C.
    """
    from nnscratch.cli.commands import app

    app(arguments, prog_name="nnscratch")
