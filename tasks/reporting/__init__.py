"""From keys to something to read: tables, figures, label maps and a Markdown summary."""
