"""Places of videos and masks in a manifest: local paths, or addresses that must be fetched."""

import re
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

import fsspec

_PROTOCOL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")

LOCAL = "file"
HTTP = frozenset({"http", "https"})
PROTOCOLS = ("file", "http", "https", "s3")
"""Protocols that a manifest may use; a plain path is a file."""


def protocol_of(uri: str) -> str:
    """Protocol of an address in lower case; "file" for a path."""
    found = _PROTOCOL.match(uri)
    return found[1].lower() if found else LOCAL


def local_path(uri: str) -> str:
    """The local path of a `file://` address or of a path."""
    return unquote(urlsplit(uri).path) if _PROTOCOL.match(uri) else uri


@lru_cache(maxsize=4096)
def remote_fault(place: str) -> str | None:
    """Why nothing can be fetched from a place; None if it may be possible.

    Args:
        place: protocol and host of an address, as `place_of` returns them.
    """
    protocol = protocol_of(place)
    if protocol not in PROTOCOLS:
        return (
            f"the protocol {protocol}:// is unknown; give a path, or an address with "
            f"{', '.join(f'{name}://' for name in PROTOCOLS)}"
        )
    if not urlsplit(place).netloc.rpartition("@")[2]:
        return "the address names no host or bucket; complete it"
    if protocol not in HTTP:
        try:
            fsspec.get_filesystem_class(protocol)
        except ImportError:
            return (
                f"{protocol}:// needs a driver that is not installed; "
                "run pip install 'maskrnn[s3]' here and for the workers"
            )
    return None


def address_folder(uri: str) -> str:
    """What relative paths in a file begin at: its address up to the last slash of its path."""
    if protocol_of(uri) in HTTP:
        uri = urlsplit(uri)._replace(query="", fragment="").geturl()
    return uri.rpartition("/")[0]


def place_of(uri: str) -> str:
    """Protocol and host (or bucket) of an address."""
    protocol, _, rest = uri.partition("://")
    return f"{protocol}://{rest.split('/', 1)[0].split('?', 1)[0]}"


def safe_suffix(uri: str) -> str:
    """Suffix of the file that an address names, such as ".mp4"; empty if it has none."""
    path = urlsplit(uri).path if protocol_of(uri) in HTTP else uri
    suffix = PurePosixPath(unquote(path)).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def resolved(uri: str, folder: str) -> str:
    """Resolve a relative path against the manifest's folder; addresses stay unchanged.

    Args:
        uri: path or address from a manifest.
        folder: folder of the manifest, a path or an address.
    """
    if _PROTOCOL.match(uri):
        return uri if protocol_of(uri) != LOCAL else local_path(uri)
    if uri.startswith("/"):
        return uri
    if protocol_of(folder) in HTTP:
        uri = quote(uri)
    return f"{folder.rstrip('/')}/{uri}"
