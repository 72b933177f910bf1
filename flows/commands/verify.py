"""`maskrnn verify`: which artifacts of a store are sound."""

from collections import Counter

from flows.console.guarded_command import DONE, FAILED
from flows.terminal import Terminal
from storage.errors import MissingArtifactError
from storage.runs.verification import verify_store
from storage.store.artifacts import ArtifactStore


def verify(store_url: str) -> int:
    """Read all artifacts, print what is not sound, and count; 1 when anything is not.

    Args:
        store_url: folder or URL of the store.

    Raises:
        MissingArtifactError: when there is no artifact at all, as in a folder that is no store.
    """
    console = Terminal(soft_wrap=True, highlight=False, markup=False)
    store = ArtifactStore(store_url)
    sound, damaged = Counter[str](), Counter[str]()
    for checked in verify_store(store):
        (damaged if checked.faults else sound)[checked.kind] += 1
        for fault in checked.faults:
            console.print(f"{checked.kind} {checked.key}: {fault}")
    for kind in sorted(sound | damaged):
        console.print(f"{kind}: {sound[kind]} sound, {damaged[kind]} not")
    if not sound | damaged:
        raise MissingArtifactError(f"There is no artifact in {store.url}. Name another store.")
    if not damaged:
        console.print(f"{store.url}: {sound.total()} artifacts, all sound")
        return DONE
    console.print(
        f"{store.url}: {damaged.total()} of {sound.total() + damaged.total()} artifacts are not "
        "sound. Delete the folders KIND/KEY that are named above and run again: they are made anew."
    )
    return FAILED
