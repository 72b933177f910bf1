"""Pages in HTML for people: the report of a run, and the comparison of several.

A page needs no server and requests nothing: scripts and data are inside it, pictures lie beside it
or inside it. Tables and figures come from `tasks.reporting` and `tasks.scores`.
"""
