"""Carries out `maskrnn flow`: prints flow statistics and removes optical flow not in use."""

from collections.abc import Iterable

from flows.terminal import Terminal
from storage.runs.ledger import VideoRecord
from storage.runs.names import StageName
from storage.runs.unused_flow import remove_flow
from storage.store.artifacts import ArtifactStore

_ABANDONED_SECONDS = 7 * 86400.0
"""A draft that has not changed for this long has no writer: writers write far more often."""


def print_flow(records: Iterable[VideoRecord]) -> None:
    """Print hits, misses, bytes written and frames per second of a run's flow stages."""
    console = Terminal()
    stages = [
        stage
        for record in records
        for name, stage in record.stages.items()
        if StageName.parse(name).kind == "flow"
    ]
    hits = [stage for stage in stages if stage.state == "done" and stage.reused]
    misses = [stage for stage in stages if stage.state == "done" and not stage.reused]
    text = f"Flow: {len(hits)} hits, {len(misses)} misses"
    if misses:
        frames = sum(stage.figures.get("computed", 0) for stage in misses)
        seconds = sum(stage.seconds for stage in misses)
        written = int(sum(stage.figures.get("size", 0) for stage in misses))
        text += f", {size_text(written)} written, {int(frames)} frames"
        text += f" at {frames / seconds:.1f} per second and worker" if seconds else ""
        if kept := int(sum(stage.figures.get("kept", 0) for stage in misses)):
            text += f", {kept} frames kept from an interrupted run"
    elif hits:
        text += ": all flow was found, none was computed"
    console.print(text)
    for stage in stages:
        if stage.note:
            console.print(stage.note)


def collect_flow(store_url: str, *, dry_run: bool) -> int:
    """Remove optical flow that no run refers to, and abandoned drafts; print what was removed.

    Raises:
        CorruptArtifactError: a ledger cannot be read; nothing is removed.
    """
    console = Terminal()
    store = ArtifactStore(store_url)
    removed = remove_flow(store, dry_run=dry_run)
    for item in removed:
        draft = "" if item.complete else " (unfinished)"
        console.print(f"{item.key}{draft} {size_text(item.size)}")
    verb = "would be removed" if dry_run else "removed"
    total = size_text(sum(item.size for item in removed))
    console.print(f"{len(removed)} flow artifacts {verb}, {total}")
    # An object store would need one request per artifact to find its drafts.
    if store.folder.is_local:
        swept = len(store.sweep_staging(_ABANDONED_SECONDS, dry_run=dry_run))
        text = f"{swept} drafts {verb} that nothing had written to for a week"
        console.print(text)
    return 0


def size_text(size: int) -> str:
    """Return a size in megabytes, with the exact number of bytes."""
    return f"{size / 1e6:.1f} MB ({size} bytes)"
