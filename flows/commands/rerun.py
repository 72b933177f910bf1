"""Carries out `maskrnn rerun`: prints what it will do, then does it."""

from typing import Any

from pydantic import ValidationError

from flows.commands.dry_run import print_needs
from flows.plan.machine_check import check_machine
from flows.runs.rerun import Rerun, RerunParameters, fates, prepare_rerun
from flows.terminal import Terminal
from tasks.errors import ParameterError
from tasks.plan.dry_plan import PlannedStage

_NAMED = 12
"""How many records a line names; it only counts the rest."""


def rerun(fields: dict[str, Any], *, dry_run: bool) -> int:
    """Print what will be computed and what reused, then do it unless `dry_run`.

    Raises:
        ParameterError, MissingArtifactError, ...: see `prepare_rerun`.
    """
    try:
        asked = RerunParameters(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise ParameterError(f"--{first['loc'][0]} {first['input']!r}: {first['msg']}") from None
    prepared = prepare_rerun(asked)
    print_plan(asked, prepared)
    if dry_run:
        print_needs(prepared.run, worked_on(prepared), prepared.redone)
        check_machine(prepared.run)
        return 0
    parameters = prepared.run.parameters
    from flows.commands.execution import announce, execute_flow
    from flows.runs.rerun import carry_out_rerun
    from flows.runs.rerun import rerun as rerun_flow

    announce(parameters.run_name, parameters.dataset, parameters.presets)
    check_machine(prepared.run)
    return execute_flow(
        lambda: carry_out_rerun(prepared), lambda: (rerun_flow, asked), prepared, parameters
    )


def print_plan(asked: RerunParameters, prepared: Rerun) -> None:
    """Print what a rerun reuses, computes and drops."""
    console = Terminal()
    redone = set(prepared.redone)
    worked = worked_on(prepared)
    resegmented = {
        s.record for s in worked if s.stage.kind == "segment" and (s.kind, s.key) in redone
    }
    for name, counts in fates(worked).items():
        again = sum((s.kind, s.key) in redone for s in worked if s.stage.kind == name)
        reused = counts.get("reused", 0) - again
        parts = [f"{reused} reused", f"{counts.get('computed', 0) + again} to compute"]
        if unknown := counts.get("unknown", 0):
            parts.append(f"{unknown} to compute if not found (decided after the stages before)")
        if dropped := counts.get("not needed", 0):
            again_too = sum(s.fate == "not needed" and s.record in resegmented for s in worked)
            parts.append(f"{dropped - again_too} dropped and not needed")
            parts += [f"{again_too} dropped, to compute again"] if again_too else []
        console.print(f"{name}: {', '.join(parts)}")
    touched = sorted(
        {
            str(s.record)
            for s in worked
            if s.fate in ("computed", "unknown") or (s.kind, s.key) in redone
        }
    )
    if touched:
        more = f" and {len(touched) - _NAMED} more" if len(touched) > _NAMED else ""
        console.print(f"To work on: {', '.join(touched[:_NAMED])}{more}")
    if prepared.only is not None:
        left = len({stage.record for stage in prepared.plan.stages}) - len(
            {stage.record for stage in worked}
        )
        console.print(f"Left alone: {left} videos")
    _print_invalidated(asked, prepared, console)
    for user in prepared.users:
        text = f"The run {user.run_id} uses {user.count} of the artifacts that will be made again."
        console.print(text)


def worked_on(prepared: Rerun) -> list[PlannedStage]:
    """The stages of the records that a rerun works on."""
    return [
        stage
        for stage in prepared.plan.stages
        if prepared.only is None
        or stage.record.role != "video"
        or stage.record.video in prepared.only
    ]


def _print_invalidated(asked: RerunParameters, prepared: Rerun, console: Terminal) -> None:
    if not asked.overrides:
        return
    now = {(stage.kind, stage.key) for stage in prepared.plan.stages}
    gone = [s for s in prepared.former if s.fate == "reused" and (s.kind, s.key) not in now]
    changed = ", ".join(f"{key}={value}" for key, value in asked.overrides.items())
    counts = ", ".join(f"{sum(c.values())} {name}" for name, c in fates(gone).items())
    text = f"With {changed} the run no longer uses: {counts or 'nothing'}"
    console.print(text + (" (they stay in the store)" if gone else ""))
