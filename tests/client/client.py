"""Asks the example `dashboard` what a dashboard asks, with the client that was generated from its OpenAPI document.

Answers are the client's models, so a field that the document gets wrong fails here.
"""

import datetime
import json
import os
import sys
import time

from fastscheduler_client import AuthenticatedClient
from fastscheduler_client.api.dead_letters import (
    clear_dead_letters,
    list_dead_letter_groups,
    list_dead_letters,
    retry_dead_letters,
)
from fastscheduler_client.api.groups import list_groups
from fastscheduler_client.api.jobs import change_jobs, create_job, list_jobs, run_job, show_job
from fastscheduler_client.api.monitoring import list_instances, listen, show_activity, show_overview
from fastscheduler_client.api.runs import list_history, list_job_runs, show_run
from fastscheduler_client.api.schedules import list_upcoming, preview_schedule, show_timeline
from fastscheduler_client.models import (
    Attention,
    BulkAction,
    BulkFilter,
    BulkRequest,
    ClockChangeEffect,
    ClockChangeKind,
    CreateJob,
    CreateJobScheduleConfigType0 as JobConfig,
    Error,
    Gap,
    JobStatus,
    ListenSnapshot,
    ListenStream,
    ListGroupsWithItem,
    ListJobsSort,
    ListJobsWithItem,
    Overview,
    PreviewRequest,
    PreviewRequestScheduleConfigType0 as PreviewConfig,
    RetryRequest,
    RunStatus,
    ScheduleType,
    ShowJobWithItem,
    SkipReason,
    Trigger,
)

client = AuthenticatedClient(
    base_url=sys.argv[1],
    token=os.environ["FASTSCHEDULER_TOKEN"],
    raise_on_unexpected_status=True,
    timeout=10,
)

# How long anything may take, in seconds. It only keeps a failure from hanging.
PATIENCE = 60

requests = set()


def ask(operation, *arguments, **parameters):
    """What is answered to a request that is right."""
    requests.add(operation.__name__)
    answer = operation.sync(*arguments, client=client, **parameters)
    assert answer is not None and not isinstance(answer, Error), answer
    return answer


def refused(operation, *arguments, **parameters):
    """What is answered to a request that is wrong."""
    answer = operation.sync(*arguments, client=client, **parameters)
    assert isinstance(answer, Error), answer
    assert answer.detail, answer
    return answer


def wait_for(what, question):
    """Asks until the answer is yes; gives what was answered."""
    end = time.monotonic() + PATIENCE
    while not (answer := question()):
        assert time.monotonic() < end, f"it never came about that {what}"
        time.sleep(0.1)
    return answer


def equal(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def create(name, function, every=None, **fields):
    if every is None:
        fields |= {"schedule_type": ScheduleType.NOW}
    else:
        fields |= {
            "schedule_type": ScheduleType.INTERVAL,
            "schedule_config": JobConfig.from_dict({"interval": every}),
        }
    return ask(create_job, body=CreateJob(func_name=function, job_name=name, **fields)).job_id


def some_jobs():
    """Jobs that work, fail, are retried, are busy or paused, and one that clock changes touch."""
    return {
        "works": create("works", "echo_task", 0.2, group="mail", args=["hello"]),
        "fails": create("fails", "failing_task", 0.2, group="mail", max_retries=0),
        "wrong": create("wrong", "slow_task", 0.2, args=["soon"], max_retries=0),
        # The first retry comes at once, and the second one after this test.
        "retried": create("retried", "failing_task", max_retries=5, retry_delay=0.1, retry_factor=10_000.0),
        "busy": create("busy", "slow_task", 0.2, args=[0.5]),
        "long": create("long", "slow_task", args=[600]),
        "paused": create("paused", "echo_task", 0.2, enabled=False),
        "nightly": ask(
            create_job,
            body=CreateJob(
                func_name="echo_task",
                job_name="nightly",
                schedule_type=ScheduleType.DAILY,
                schedule_config=JobConfig.from_dict({"time": "02:30"}),
                timezone="Europe/Berlin",
            ),
        ).job_id,
    }


def the_scheduler_at_a_glance(jobs):
    def what_is_expected():
        overview = ask(show_overview)
        is_there = {jobs["fails"], jobs["wrong"]} <= {job.job_id for job in overview.failing}
        is_there = is_there and overview.jobs.retrying == 1 and "overlap" in overview.not_run.by_reason
        return overview if is_there else None

    overview = wait_for("jobs fail, are retried and are skipped", what_is_expected)
    assert overview.running
    equal(overview.jobs.total, len(jobs))
    equal(overview.jobs.paused, 1)
    equal(overview.jobs.by_status["paused"], 1)
    assert overview.runs.total >= overview.runs.failures > 0, overview.runs
    assert overview.runs.running >= 1, overview.runs
    assert overview.dead_letters >= 2, overview.dead_letters
    assert isinstance(overview.now, datetime.datetime) and overview.started_at <= overview.now
    failing = next(job for job in overview.failing if job.job_id == jobs["fails"])
    equal((failing.job_name, failing.error), ("fails", "boom"))
    assert overview.next_ and overview.next_[0].at <= overview.next_[-1].at, overview.next_
    assert overview.not_run.total >= overview.not_run.by_reason["overlap"], overview.not_run
    for problem in overview.problems:
        assert problem.code and problem.text, problem

    activity = ask(show_activity, minutes=3)
    equal(activity.step, 60)
    equal({len(activity.completed), len(activity.failed), len(activity.missed)}, {3})
    assert sum(activity.completed) > 0 and sum(activity.failed) > 0 and sum(activity.missed) > 0, activity

    instances = ask(list_instances).instances
    equal([instance.running for instance in instances], [True])
    assert instances[0].functions > 0
    equal(instances[0].store.kind, "json")
    equal((instances[0].busy_threads, instances[0].held_threads), (0, []))
    assert instances[0].max_workers > 0 and instances[0].tzdata.startswith("20")


def a_stream_without_snapshots():
    # The client waits for the end of an answer, which a stream does not have, so this reads what its request is
    # answered with.
    request = listen._get_kwargs(stream=ListenStream.CHANGES, snapshot=ListenSnapshot.NONE)
    with client.get_httpx_client().stream(**request) as answer:
        lines = answer.iter_lines()
        equal(next(line for line in lines if line.startswith("event:")), "event: overview")
        data = next(line for line in lines if line.startswith("data:"))
        assert Overview.from_dict(json.loads(data.removeprefix("data:"))).running
    requests.add(listen.__name__)


def what_is_planned(jobs):
    now = datetime.datetime.now(datetime.timezone.utc)
    planned = ask(
        show_timeline,
        from_=now - datetime.timedelta(minutes=10),
        to=now + datetime.timedelta(minutes=20),
        group=["mail", "default"],
        status=[JobStatus.PAUSED],
        limit=10,
    )
    equal((planned.step, planned.total, len(planned.load)), (60, 1, 31))
    assert planned.load_from <= planned.from_ < planned.to, planned
    assert planned.is_partial or sum(planned.load) > 0, planned.load
    paused = planned.jobs[0]
    equal((paused.job_id, paused.paused, paused.every, len(paused.fires)), (jobs["paused"], True, 0.2, 60))
    assert isinstance(paused.paused_at, datetime.datetime), paused
    assert all(isinstance(fire, datetime.datetime) for fire in paused.fires), paused.fires
    assert paused.count > 60 and paused.fires[-1] < paused.last <= planned.to, paused

    changes = {change.kind: change for change in ask(list_upcoming, jobs["nightly"], n=1).clock_changes}
    equal(set(changes), {ClockChangeKind.GAP, ClockChangeKind.FOLD})
    equal(changes[ClockChangeKind.GAP].effect, ClockChangeEffect.NEXT)
    preview = ask(
        preview_schedule,
        body=PreviewRequest(
            schedule_type=ScheduleType.DAILY,
            schedule_config=PreviewConfig.from_dict({"time": "02:30"}),
            timezone="Europe/Berlin",
            gap=Gap.SKIP,
        ),
    )
    equal((preview.timezone, len(preview.upcoming)), ("Europe/Berlin", 10))
    gap = next(change for change in preview.clock_changes if change.kind == ClockChangeKind.GAP)
    equal((gap.effect, gap.from_, gap.to), (ClockChangeEffect.SKIP, "02:00:00", "03:00:00"))
    assert isinstance(gap.on, datetime.date) and gap.text in preview.notes, gap


def lists_of_jobs(jobs):
    failing = ask(
        list_jobs,
        attention=[Attention.FAILING],
        with_=[ListJobsWithItem.COUNTS, ListJobsWithItem.RECENT],
        sort=ListJobsSort.NAME,
    )
    equal([job.job_id for job in failing.jobs], [jobs["fails"], jobs["wrong"]])
    equal(sum(failing.counts.additional_properties.values()), failing.total)
    newest = failing.jobs[0].recent_runs[-1]
    equal(newest.status, RunStatus.FAILED)
    assert "boom" in newest.error and newest.took >= 0, newest
    either = ask(list_jobs, attention=[Attention.FAILING, Attention.RETRYING], sort=ListJobsSort.ATTENTION)
    equal({job.job_id for job in either.jobs}, {jobs["fails"], jobs["wrong"], jobs["retried"]})
    counted = ask(list_jobs, status=[JobStatus.PAUSED], with_=[ListJobsWithItem.COUNTS])
    equal([job.job_id for job in counted.jobs], [jobs["paused"]])
    equal((counted.counts["paused"], sum(counted.counts.additional_properties.values())), (1, len(jobs)))

    groups = ask(list_groups, with_=[ListGroupsWithItem.COUNTS])
    equal(groups.groups, ["default", "mail"])
    equal([(group.group, group.total) for group in groups.counts], [("default", len(jobs) - 2), ("mail", 2)])
    assert sum(groups.counts[1].by_status.additional_properties.values()) == 2, groups

    retried = ask(show_job, jobs["retried"], with_=[ShowJobWithItem.RECENT]).job
    assert retried.next_attempt_at > retried.created_at, retried
    assert retried.recent_runs, retried
    under_way = ask(show_job, jobs["long"]).job.running
    equal(len(under_way), 1)
    assert isinstance(under_way[0].started_at, datetime.datetime), under_way


def history(jobs):
    ended = {"job_id": jobs["works"], "status": [RunStatus.COMPLETED], "limit": 3}
    wait_for("there are two pages of runs", lambda: len(ask(list_history, **ended | {"limit": 6}).history) == 6)
    newest = ask(list_history, **ended)
    assert newest.has_more
    older = ask(list_history, **ended, before=newest.history[0].run_id)
    equal(len(older.history), 3)
    assert older.history[-1].timestamp <= newest.history[0].timestamp, (older, newest)
    newer = ask(list_history, **ended, after=older.history[-1].run_id)
    equal([run.run_id for run in newer.history], [run.run_id for run in newest.history])

    failed = ask(list_history, q="BOOM").history
    assert failed and all("boom" in run.error for run in failed), failed
    reasons = {"reason": [SkipReason.OVERLAP, SkipReason.PAUSED]}
    skipped = ask(list_history, **reasons).history
    assert all(run.status == RunStatus.MISSED and run.count >= 1 and run.reason for run in skipped), skipped
    busy = wait_for("busy jobs have skipped fires", lambda: ask(list_history, job_id=jobs["busy"], **reasons).history)
    equal({run.reason for run in busy}, {SkipReason.OVERLAP})
    assert busy[-1].first <= busy[-1].last and busy[-1].in_the_way, busy

    asked_for = ask(run_job, jobs["nightly"]).run_id
    manual = {"trigger": [Trigger.MANUAL, Trigger.RETRY], "job_id": jobs["nightly"]}
    found = wait_for("a run that was asked for is found", lambda: ask(list_history, **manual).history)
    equal([run.run_id for run in found], [asked_for])
    equal(found[0].trigger, Trigger.MANUAL)

    def attempts():
        return ask(list_job_runs, jobs["retried"], status=[RunStatus.FAILED]).runs

    wait_for("it was tried twice", lambda: len(attempts()) == 2)
    answer = ask(show_run, attempts()[-1].run_id)
    equal((answer.run.status, answer.run.attempt, answer.run.timed_out), (RunStatus.FAILED, 2, False))
    equal([(run.attempt, run.retry_count) for run in answer.attempts], [(1, 0), (2, 1)])
    under_way = ask(show_run, ask(show_job, jobs["long"]).job.running[0].run_id).run
    equal((under_way.status, under_way.args, under_way.finished_at), (RunStatus.RUNNING, [600], None))


def many_at_once(jobs):
    paused = ask(
        change_jobs,
        body=BulkRequest(action=BulkAction.PAUSE, job_ids=[jobs["fails"], jobs["wrong"], "job_999"]),
    )
    equal(paused.done, 2)
    equal([(refusal.job_id, refusal.detail) for refusal in paused.refused], [("job_999", "Job job_999 not found")])
    wait_for(
        "none of them runs",
        lambda: not any(ask(show_job, jobs[name]).job.running for name in ("fails", "wrong")),
    )


def dead_letters(jobs):
    of_job = ask(list_dead_letters, job_id=jobs["fails"], limit=1)
    assert of_job.total >= 2, of_job
    newest = of_job.dead_letters[0]
    equal((newest.job_id, newest.args, newest.error), (jobs["fails"], [], "Max retries: boom"))
    before = ask(list_dead_letters, job_id=jobs["fails"], before=newest.run_id)
    equal((before.total, len(before.dead_letters)), (of_job.total, of_job.total - 1))
    equal(ask(list_dead_letters, group="mail", q="BOOM").total, of_job.total)

    groups = {tuple(group.jobs): group for group in ask(list_dead_letter_groups).groups}
    equal(set(groups), {(jobs["fails"],), (jobs["wrong"],)})
    boom, wrong = groups[(jobs["fails"],)], groups[(jobs["wrong"],)]
    equal((boom.count, boom.job_count), (of_job.total, 1))
    assert boom.first < boom.last and "such as 2.5" in wrong.sample and "such as #" in wrong.error, groups
    equal(ask(list_dead_letters, error=wrong.error, limit=1).total, wrong.count)
    equal([group.error for group in ask(list_dead_letter_groups, job_id=jobs["wrong"]).groups], [wrong.error])

    retried = ask(retry_dead_letters, body=RetryRequest(error=wrong.error))
    equal((retried.retried, retried.refused), (wrong.count, []))
    again = {"job_id": jobs["wrong"], "trigger": [Trigger.RETRY]}
    wait_for("they run again", lambda: ask(list_history, **again).history)
    gone = ask(retry_dead_letters, body=RetryRequest(run_ids=[f"{jobs['fails']}-s-1-1"]))
    equal((gone.retried, [refusal.run_id for refusal in gone.refused]), (0, [f"{jobs['fails']}-s-1-1"]))
    assert gone.refused[0].detail, gone

    equal(ask(clear_dead_letters, error="an error that none has").cleared, 0)
    equal(ask(clear_dead_letters, error=boom.error).cleared, boom.count)
    equal(ask(list_dead_letters, job_id=jobs["fails"]).total, 0)


def what_is_refused():
    def wrong_time(time):
        config = JobConfig.from_dict({"time": time})
        return CreateJob(func_name="echo_task", schedule_type=ScheduleType.DAILY, schedule_config=config)

    now = datetime.datetime.now(datetime.timezone.utc)
    both = BulkRequest(action=BulkAction.RUN, job_ids=["job_0"], filter_=BulkFilter())
    for answer, field in [
        (refused(create_job, body=wrong_time("25:00")), "schedule_config.time"),
        (refused(show_activity, minutes=1_441), "minutes"),
        (refused(show_timeline, from_=now, to=now - datetime.timedelta(hours=1)), "to"),
        (refused(list_history, after="job_0"), "after"),
        (refused(change_jobs, body=BulkRequest(action=BulkAction.RUN, job_ids=[])), "job_ids"),
    ]:
        equal(answer.field, field)
    # More than one field is wrong.
    assert not refused(change_jobs, body=both).field


def all_of_a_filter(jobs):
    filtered = BulkFilter(group=["mail"], status=[JobStatus.PAUSED])
    resumed = ask(change_jobs, body=BulkRequest(action=BulkAction.RESUME, filter_=filtered))
    equal((resumed.done, resumed.refused), (1, []))
    assert not ask(show_job, jobs["fails"]).job.paused
    everything = BulkRequest(action=BulkAction.CANCEL, filter_=BulkFilter())
    there = ask(list_jobs).total
    equal(ask(change_jobs, body=everything).done, there)
    equal(ask(list_jobs).total, 0)


jobs = some_jobs()
the_scheduler_at_a_glance(jobs)
a_stream_without_snapshots()
what_is_planned(jobs)
lists_of_jobs(jobs)
history(jobs)
many_at_once(jobs)
dead_letters(jobs)
what_is_refused()
all_of_a_filter(jobs)
print(f"a client made of it asked {len(requests)} operations, and got what the document says")
