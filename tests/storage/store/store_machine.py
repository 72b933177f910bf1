"""A model of a store: writers that stop and take over, and what must be true after every step.

Two or three writers work on one key, a step at a time, in any order. One that does nothing while
another waits for it is stopped for longer than its lease. Their clocks differ by up to an hour.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage.errors import LeaseLostError
from storage.kinds.repair import repair
from storage.runs.ledger import RunLedger, VideoRecord
from storage.store import lease as lease_module
from storage.store.artifact_content import ArtifactWriter
from storage.store.artifacts import ArtifactStore
from storage.store.lease import Lease

NAMES = ("a.bin", "b.bin", "c.bin")
PLAN = {"files": len(NAMES)}
CLOCK = SimpleNamespace(waited=0.0, ahead=0.0)
"""Seconds that all have waited, and that the clock of the acting writer is ahead."""


class Writer:
    """One writer, which stands for a process."""

    def __init__(self, number: int, ahead: float) -> None:
        self.number = number
        self.ahead = ahead
        self.lease: Lease | None = None
        self.creating: AbstractContextManager[ArtifactWriter] | None = None
        self.writer: ArtifactWriter | None = None
        self._leases: dict[str, Lease] = {}

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Within the block, the clock and the leases of this writer are used."""
        CLOCK.ahead = self.ahead
        lease_module._of_thread.leases = self._leases
        yield

    def content(self, name: str) -> bytes:
        """The bytes that it writes; they differ from those of the other writers."""
        return f"{name} of {self.number}".encode() * 50

    def left(self) -> list[str]:
        """Names of the files that it still has to write."""
        return [name for name in NAMES if self.writer and name not in self.writer.digests]

    def forget(self) -> None:
        """Drop its lease and its draft."""
        self.lease = self.creating = self.writer = None
        self._leases = {}


class StoreMachine(RuleBasedStateMachine):
    """The model: who holds the lease, what is saved, and what the complete artifact is."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.store = ArtifactStore(self.url or tempfile.mkdtemp(prefix="maskrnn-model-"))
        self.ledger = RunLedger(self.store, "run")
        self.writers: list[Writer] = []
        self.steps = 0
        self.holder: Writer | None = None
        self.saved: set[str] = set()
        self.artifact: dict[str, bytes] | None = None
        self.record: VideoRecord | None = None
        self.dead: list[AbstractContextManager[ArtifactWriter]] = []

    @rule(seed=st.integers(0, 2**32 - 1))
    def step(self, seed: int) -> None:
        """One of the steps that are possible now, by one of the writers that may do it.

        Hypothesis alone, with a rule for each, seldom comes as far as a second takeover.
        """
        self.steps += 1
        chance = Random(f"{seed} {self.steps}")
        possible = [(act, found()) for act, found in self._acts() if found()]
        act, writers = chance.choice(possible)
        writer = chance.choice(writers)
        with writer.acting():
            act(writer, chance)

    def _acts(self) -> list[tuple[Callable[[Writer, Random], None], Callable[[], list[Writer]]]]:
        return [
            (self.take_lease, self.without_lease),
            (self.begin_writing, self.may_begin),
            *[(self.write, self.at_work)] * 4,  # much happens between two takeovers
            *[(self.publish, self.finished)] * 2,
            (self.fail, self.writing),
            (self.release, self.may_release),
            (self.kill, self.writing),
            (self.lose_a_file, self.may_repair),
            (self.write_without_a_lease, self.writing),
            (self.write_record, self.with_lease),
        ]

    @initialize(ahead=st.lists(st.integers(-3600, 3600), min_size=2, max_size=3))
    def begin(self, ahead: list[int]) -> None:
        self.writers = [Writer(number, float(clock)) for number, clock in enumerate(ahead)]

    def without_lease(self) -> list[Writer]:
        return [writer for writer in self.writers if writer.lease is None]

    def with_lease(self) -> list[Writer]:
        """Writers that took the lease; all of them except one have lost it since."""
        return [writer for writer in self.writers if writer.lease is not None]

    def writing(self) -> list[Writer]:
        return [writer for writer in self.writers if writer.writer is not None]

    def at_work(self) -> list[Writer]:
        return [writer for writer in self.writing() if writer.left()]

    def finished(self) -> list[Writer]:
        return [writer for writer in self.writing() if not writer.left()]

    def may_begin(self) -> list[Writer]:
        return [w for w in self.holding() if self.artifact is None and w.writer is None]

    def holding(self) -> list[Writer]:
        return [writer for writer in self.with_lease() if writer is self.holder]

    def may_release(self) -> list[Writer]:
        """Writers with nothing to write; one that may begin must do so first."""
        idle = [writer for writer in self.with_lease() if writer.writer is None]
        return [writer for writer in idle if writer not in self.may_begin()]

    def may_repair(self) -> list[Writer]:
        return [w for w in self.may_release() if w is self.holder and self.artifact is not None]

    def take_lease(self, writer: Writer, chance: Random) -> None:
        """A patient writer waits while the others are stopped, and takes over."""
        patient = chance.random() < 0.5
        looks = iter((False,))
        lease = self.store.lease(
            "things", "k", until=lambda: False if patient else next(looks, True)
        )
        assert (lease is not None) == (patient or self.holder is None)
        if lease is not None:
            writer.lease = lease.__enter__()
            self.holder = writer

    def begin_writing(self, writer: Writer, chance: Random) -> None:
        writer.creating = self.store.create("things", "k", PLAN)
        writer.writer = writer.creating.__enter__()
        # Of two drafts that were saved, by the holder and by who had lost the lease, one is taken.
        assert len(writer.writer.digests) >= len(self.saved), "nothing that was saved is lost"
        self.saved = set(writer.writer.digests)
        self._put(writer, chance)

    def write(self, writer: Writer, chance: Random) -> None:
        """A writer that has lost its lease continues until it checks the lease."""
        self._put(writer, chance)

    def _put(self, writer: Writer, chance: Random) -> None:
        assert writer.writer is not None
        assert writer.lease is not None
        for name in writer.left()[: chance.randint(0, 2)]:
            writer.writer.put(name, writer.content(name))
        if chance.random() < 0.5:
            writer.lease.beat()
        if chance.random() < 0.5:
            writer.writer.save_progress()
            if self.holder is writer:
                self.saved = set(writer.writer.digests)

    def publish(self, writer: Writer, chance: Random) -> None:
        assert writer.creating is not None
        if self.holder is writer:
            writer.creating.__exit__(None, None, None)
            self.saved = set()
            if self.artifact is None:
                self.artifact = self._content()
        else:
            with pytest.raises(LeaseLostError):
                writer.creating.__exit__(None, None, None)
        writer.creating = writer.writer = None

    def fail(self, writer: Writer, chance: Random) -> None:
        assert writer.creating is not None
        error = ValueError("broke")
        if self.holder is writer:
            writer.creating.__exit__(ValueError, error, None)  # it raises none but another error
        else:
            with pytest.raises(LeaseLostError):
                writer.creating.__exit__(ValueError, error, None)
        writer.creating = writer.writer = None

    def release(self, writer: Writer, chance: Random) -> None:
        assert writer.lease is not None
        writer.lease.__exit__(None, None, None)
        if self.holder is writer:
            self.holder = None
        writer.forget()

    def kill(self, writer: Writer, chance: Random) -> None:
        """The lease stays, as after a kill on another machine, until somebody waits long enough."""
        if writer.creating is not None:
            self.dead.append(writer.creating)
        if self.holder is writer:
            self.holder = Writer(-1, 0.0)  # nobody, who gives no sign of life
        writer.forget()

    def lose_a_file(self, writer: Writer, chance: Random) -> None:
        """A file of the artifact vanishes, and a writer that holds the lease repairs it."""
        name = chance.choice(NAMES)
        place = self.store.open("things", "k")._path  # drafts may lie beside it
        self.store.folder.remove_file(f"{place}/{name}")
        assert name in repair(self.store, "things", "k")
        self.artifact = None

    def write_without_a_lease(self, writer: Writer, chance: Random) -> None:
        """A draft that cannot be resumed: the first complete artifact stays."""
        stranger = Writer(10 + writer.number, 0.0)
        with stranger.acting(), self.store.create("things", "k") as draft:
            for name in NAMES:
                draft.put(name, stranger.content(name))
        if self.artifact is None:
            self.artifact = self._content()
            assert self.artifact == {name: stranger.content(name) for name in NAMES}

    def write_record(self, writer: Writer, chance: Random) -> None:
        self.record = VideoRecord("v", state="running", attempt=chance.randint(1, 9))
        self.ledger.write(self.record)

    @invariant()
    def a_complete_artifact_is_whole_and_stays(self) -> None:
        assert self.store.exists("things", "k") == (self.artifact is not None)
        if self.artifact is not None:
            assert self.store.open("things", "k").damage() == []
            assert self._content() == self.artifact

    @invariant()
    def one_writer_holds_the_lease(self) -> None:
        valid = [w for w in self.with_lease() if w.lease is not None and w.lease.is_valid()]
        assert valid == self.holding()

    @invariant()
    def the_ledger_holds_what_was_written(self) -> None:
        assert self.ledger.read("v") == self.record

    def _content(self) -> dict[str, bytes]:
        artifact = self.store.open("things", "k")
        return {name: artifact.get(name) for name in artifact.names}

    def teardown(self) -> None:
        lease_module._of_thread.leases = {}
        for creating in self.dead:
            creating.gen.close()  # type: ignore[attr-defined]
        self.store.folder.remove("")
