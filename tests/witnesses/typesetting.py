"""Tables, put into an article by pdflatex."""

import shutil
import subprocess

from lacking import lacking


def typeset(text, folder):
    """What pdflatex says of an article with the table in it."""
    if shutil.which("pdflatex") is None:
        lacking("pdflatex with booktabs")
    (folder / "table.tex").write_text(text, encoding="utf-8")
    (folder / "paper.tex").write_text(
        r"\documentclass{article}\usepackage{booktabs}\begin{document}\input{table}\end{document}"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout
