"""Runs whose time has passed: one run reads what all of them would have read, so the others are called off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.runtime import deployment
from prefect.states import Cancelled, State

MISSED = "Its time passed while it could not run; a later run reads what it would have read."
PAGE = 200


def drop_missed_runs() -> int:
    """Call off the scheduled runs of this run's deployment that should have begun by now; gives their number.

    They pile up while no one serves the schedule, or while one run takes longer than the interval.
    """
    if deployment.id is None:
        return 0
    with get_client(sync_client=True) as client:
        return call_off(client, [UUID(str(deployment.id))], [StateType.SCHEDULED], Cancelled(message=MISSED))


def call_off(
    client: SyncPrefectClient, deployments: Sequence[UUID], states: Sequence[StateType], final: State
) -> int:
    """Put runs that were due by now and are in one of these states into a final one; gives their number.

    A run that somebody asked for and that waits for its turn is left alone: only the schedule's own were missed.
    """
    runs = [
        run for run in _runs_due(client, deployments, states) if run.auto_scheduled or not _is_waiting(run)
    ]
    for run in runs:
        client.set_flow_run_state(run.id, final, force=True)
    return len(runs)


def _is_waiting(run: FlowRun) -> bool:
    return run.state_type is StateType.SCHEDULED


def _runs_due(
    client: SyncPrefectClient, deployments: Sequence[UUID], states: Sequence[StateType]
) -> list[FlowRun]:
    wanted = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=list(deployments)),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states))),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),
    )
    return client.read_flow_runs(flow_run_filter=wanted, limit=PAGE)
