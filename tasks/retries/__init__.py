"""Which errors pass by themselves, and how often and how soon something is tried again."""
