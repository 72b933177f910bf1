"""Turns keys into something to read: tables, figures, label maps and a Markdown summary."""
