"""Decides which errors of a unit to retry; `storage.files.retry_policy` limits how often.

An error for which storage retries a request counts anywhere in the chain of causes. A bad video is
bad the second time too.
"""

from collections.abc import Iterator

from storage.files import retry_policy
from tasks.errors import WORKER_DIED, UnitError


def is_transient(error: BaseException) -> bool:
    """Whether the error or one of its causes is a connection error, time-out or busy server."""
    return any(retry_policy.is_transient(link) for link in chain_of(error))


def may_pass(error: object, attempts: int) -> bool:
    """Whether another attempt may succeed, after so many that ended with this error."""
    if isinstance(error, UnitError):
        dies_again = attempts >= retry_policy.POLICY.deaths
        return error.transient or (error.kind == WORKER_DIED and not dies_again)
    return isinstance(error, Exception) and is_transient(error)


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes, each once."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__
