"""Parameters of a run, what they resolve to, and the checks before anything is started.

Nothing here starts a worker or a server.
"""
