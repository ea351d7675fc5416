"""Learning material: the exercises of ``nnscratch learn``, and the notebook in ``notebook/``.

ladder.py      the fourteen exercises; exercises/ and solutions/ hold their files
folder.py      the learner's own folder
running.py     runs a learner's file in a process of its own, which is child.py
learner.py     the functions of that file, called with care
formula.py     a right formula as steps, and mistakes as replacements of steps
problem.py     a function to be written, and what it returned for random data
diagnosis.py   which mistake explains that
checks/        formula and mistakes of each exercise
verdict.py     what was found; report.py prints it
clinic.py      the sick runs of exercise 11
keras_step.json  what Keras did, for exercise 13
"""
