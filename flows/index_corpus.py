"""The flow that brings an index in step with its sources: each step of `hippograph.indexing` is one task.

A run that was killed carries on where it was, because every step keeps what it finished in the stage on disk.
"""

from __future__ import annotations

import time
from typing import Any

from prefect import flow

from flows import tasks
from flows.corpus import Corpus
from flows.missed import drop_missed_runs
from flows.progress import begin_progress, show_progress
from flows.reports import RunReport, leave_complaint, leave_report
from hippograph.errors import BudgetSpent, HippographError


@flow(name="index-corpus", flow_run_name="index {corpus.label}", persist_result=False)
def index_corpus(corpus: Corpus) -> RunReport:
    """Bring an index in step with its sources, and leave a report, a table and an event of what was published.

    Raises what the steps raise, after a step was tried again where the error says that this may help; and what ended
    the reading by a model, once all else is published and told.
    """
    drop_missed_runs()
    progress = begin_progress(corpus)
    seconds: dict[str, float] = {}

    def step(task: Any) -> Any:
        begun = time.perf_counter()
        result = task(corpus, progress)
        seconds[task.name] = time.perf_counter() - begun
        return result

    upgraded = None
    try:
        changes = step(tasks.read_documents)
        step(tasks.cut_passages)
        usage = step(tasks.extract_facts)
        if corpus.grade == "llm":
            upgraded, used = step(tasks.upgrade_passages)
            usage += used
        step(tasks.embed_strings)
        published = step(tasks.publish_changes)
    except HippographError as error:
        leave_complaint(corpus, error)
        raise
    finally:
        tasks.give_workers_back(corpus)
    report = RunReport(
        version=published.version,
        is_new=published.is_new,
        added=tuple(changes.added),
        changed=tuple(changes.changed),
        deleted=tuple(changes.deleted),
        unchanged=changes.unchanged,
        skipped=(*changes.failures, *published.copies),
        passage_failures=published.passage_failures,
        usage=usage,
        upgraded=upgraded,
        step_seconds=seconds,
    )
    show_progress(progress, 100, f"{corpus.label}: version {published.version.number}")
    leave_report(corpus, report)
    if upgraded and upgraded.error and not isinstance(upgraded.error, BudgetSpent):
        raise upgraded.error
    return report
