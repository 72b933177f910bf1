"""Addresses as records and messages show them: without whatever could be a secret.

User names, passwords, queries and fragments of addresses give access: a signed address is as good
as a password. So they are written and shown nowhere. Where an address identifies something, its
digest does.
"""

import logging
import re
import traceback
from urllib.parse import parse_qsl, unquote

_ADDRESS = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>`]+""")
_FETCHING = ("httpx", "fsspec", "fsspec.http")
_SHORTEST = 4
"""Shorter parts of a query are no secrets, and would be found in any text."""


def shown_address(uri: str) -> str:
    """An address without user, password, query and fragment; a path as it is.

    A password may hold any character, written as it is or not. Where it cannot be told from the
    path, all up to the last "@" is taken for it, and less of the address is shown.
    """
    protocol, separator, rest = uri.partition("://")
    if not separator or protocol.lower() == "file":
        return uri
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    later = "@" in rest[len(host) :]
    if later and ("@" in host or ":" in host):  # host:80/a@b, or user:8/0@host, or user:@#@host
        return f"{protocol}://***"
    rest = host.rpartition("@")[2] + rest[len(host) :]
    return f"{protocol}://{re.split(r'[?#]', rest, maxsplit=1)[0]}"


def without_secrets(text: str, *uris: str) -> str:
    """A text of somebody else's, such as an error, without the secrets of addresses.

    Args:
        text: may hold any address, or parts of those in `uris`.
        uris: addresses that were used.
    """
    for uri in uris:
        text = text.replace(uri, shown_address(uri))
        for secret in sorted(_secrets(uri), key=len, reverse=True):
            text = text.replace(secret, "***")
    return _ADDRESS.sub(lambda found: shown_address(found[0]), text)


class _WithoutSecrets(logging.Filter):
    """Takes the secrets out of addresses in the lines of other libraries."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_secrets(record.getMessage()), ()
        if record.exc_info:
            lines = traceback.format_exception(*record.exc_info)
            record.exc_text, record.exc_info = without_secrets("".join(lines)), None
        return True


def hide_secrets_in_logs() -> None:
    """Let the libraries that fetch log addresses as `shown_address` gives them."""
    for name in _FETCHING:
        log = logging.getLogger(name)
        if not any(isinstance(known, _WithoutSecrets) for known in log.filters):
            log.addFilter(_WithoutSecrets())


def _secrets(uri: str) -> set[str]:
    """Parts of an address that must not be shown, as written and as decoded."""
    protocol, separator, rest = uri.partition("://")
    if not separator or protocol.lower() == "file":
        return set()
    query = rest.partition("?")[2]
    user = rest.rpartition("@")[0] if "@" in rest.partition("?")[0] else ""
    parts = {query, user, user.partition(":")[2], *(value for _, value in parse_qsl(query))}
    parts |= {item.partition("=")[2] for item in query.split("&")}
    parts |= {unquote(part) for part in parts}
    shown = shown_address(uri)
    return {part for part in parts if len(part) >= _SHORTEST and part not in shown}
