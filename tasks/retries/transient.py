"""Which errors pass by themselves, and so which units are worth a second attempt.

What `storage.files.retrying` asks again at once, seen wherever it stands in the chain of causes.
A bad video is bad the second time too.
"""

from collections.abc import Iterator

from storage.files import retrying

DELAYS = (2.0, 15.0)
"""Seconds before the second and the third attempt."""


def is_transient(error: BaseException) -> bool:
    """Whether the error, or one that led to it, is of a connection, a time-out or a busy server."""
    return any(retrying.is_transient(link) for link in chain_of(error))


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """The error and those that led to it, each once."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__
