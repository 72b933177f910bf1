"""Carries out `maskrnn verify`: finds damaged artifacts in a store."""

from collections import Counter

from flows.console.guarded_command import DONE, FAILED
from flows.terminal import Terminal
from storage.errors import MissingArtifactError
from storage.runs.verification import verify_store
from storage.store.artifacts import ArtifactStore


def verify(store_url: str) -> int:
    """Read all artifacts, print the damaged ones and counts; return 1 if any is damaged.

    Args:
        store_url: folder or URL of the store.

    Raises:
        MissingArtifactError: there is no artifact, for example because the folder is no store.
    """
    console = Terminal()
    store = ArtifactStore(store_url)
    sound, damaged = Counter[str](), Counter[str]()
    for checked in verify_store(store):
        (damaged if checked.faults else sound)[checked.kind] += 1
        for fault in checked.faults:
            console.print(f"{checked.kind} {checked.key}: {fault}")
    for kind in sorted(sound | damaged):
        console.print(f"{kind}: {sound[kind]} sound, {damaged[kind]} damaged")
    if not sound | damaged:
        raise MissingArtifactError(f"{store.url} holds no artifact; name another store.")
    if not damaged:
        console.print(f"{store.url}: {sound.total()} artifacts, all sound")
        return DONE
    console.print(
        f"{store.url}: {damaged.total()} of {sound.total() + damaged.total()} artifacts are "
        "damaged. Delete the folders KIND/KEY named above and run again to make them anew."
    )
    return FAILED
