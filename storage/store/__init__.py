"""The artifact store: immutable results under a kind and a key, with drafts, leases and markers.

Knows what every artifact has in common. What one kind contains belongs to `kinds`.
"""
