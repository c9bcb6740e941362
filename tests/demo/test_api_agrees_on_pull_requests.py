"""What a patient client counts through GraphQL is what the history says: now, 15 minutes later, two days later."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.demo.build import DAY
from tests.demo.patient import NAMES, ask, kind, seconds, true_values

PULLS = """query($name:String!,$after:String){repository(owner:"simulated-acme",name:$name){
  pullRequests(first:50,after:$after){pageInfo{hasNextPage endCursor} nodes{number state isDraft createdAt mergedAt
    author{__typename login} additions deletions changedFiles mergeCommit{parents{totalCount}} totalCommentsCount
    commits(first:50){nodes{commit{authoredDate}}} reviews(first:50){nodes{submittedAt state author{__typename login}}}
    comments(first:50){nodes{createdAt}} reviewThreads(first:50){nodes{comments(first:5){nodes{createdAt}}}}
    timelineItems(first:100,itemTypes:[READY_FOR_REVIEW_EVENT,CONVERT_TO_DRAFT_EVENT,CLOSED_EVENT,REOPENED_EVENT,
      MERGED_EVENT,ADDED_TO_MERGE_QUEUE_EVENT,REMOVED_FROM_MERGE_QUEUE_EVENT]){nodes{__typename
        ... on ReadyForReviewEvent{createdAt} ... on ConvertToDraftEvent{createdAt} ... on ClosedEvent{createdAt}
        ... on ReopenedEvent{createdAt} ... on MergedEvent{createdAt} ... on AddedToMergeQueueEvent{createdAt}
        ... on RemovedFromMergeQueueEvent{createdAt}}}}}}}"""


def all_pulls(patient_server, name):
    found, after = [], None
    while True:
        page = ask(patient_server, PULLS, name=name, after=after)["repository"]["pullRequests"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


def steps(pull, *names):
    return [
        (seconds(one["createdAt"]), one["__typename"])
        for one in pull["timelineItems"]["nodes"]
        if one["__typename"] in names
    ]


def counted(pulls, week):
    """Counter of (metric, tags), and the values of the distributions."""
    counts, values = Counter(), {}
    for pull in pulls:
        author, merged = kind(pull["author"]), seconds(pull["mergedAt"]) if pull["mergedAt"] else None
        counts["opened", author] += seconds(pull["createdAt"]) in week
        counts["closed", author] += sum(at in week and at != merged for at, _ in steps(pull, "ClosedEvent"))
        counts["reopened", ""] += sum(at in week for at, _ in steps(pull, "ReopenedEvent"))
        counts["open", (author, pull["isDraft"])] += pull["state"] == "OPEN"
        if merged is not None and merged in week:
            method = "merge" if pull["mergeCommit"]["parents"]["totalCount"] > 1 else "single"
            counts["merged", (author, method)] += 1
            for metric, value in merged_values(pull, merged):
                values.setdefault(metric, []).append(value)
        review = first_review(pull, merged)
        if review and review[0] in week and author == "human" and (merged or pull["state"] == "OPEN"):
            values.setdefault("time_to_first_review", []).append(review[1])
    return counts, {metric: sorted(each) for metric, each in values.items()}


def merged_values(pull, merged):
    earliest = min(seconds(one["commit"]["authoredDate"]) for one in pull["commits"]["nodes"])
    threads = [one for thread in pull["reviewThreads"]["nodes"] for one in thread["comments"]["nodes"]]
    yield "time_to_merge", merged - seconds(pull["createdAt"])
    yield "size", pull["additions"] + pull["deletions"]
    yield "file", pull["changedFiles"]
    yield "comment", sum(seconds(one["createdAt"]) < merged for one in [*pull["comments"]["nodes"], *threads])
    if 0 <= merged - earliest <= 365 * DAY:
        yield "cycle_time", merged - earliest
    queue = steps(pull, "AddedToMergeQueueEvent", "RemovedFromMergeQueueEvent")
    if queue and queue[-1][1] == "AddedToMergeQueueEvent":
        yield "merge_queue_wait", merged - queue[-1][0]
    turns = steps(pull, "ReadyForReviewEvent", "ConvertToDraftEvent")
    if turns and turns[0][1] == "ReadyForReviewEvent":
        turns = [(seconds(pull["createdAt"]), "ConvertToDraftEvent"), *turns]
    if turns:
        yield "time_in_draft", sum(at if name == "ReadyForReviewEvent" else -at for at, name in turns)


def first_review(pull, merged):
    mine = pull["author"]["login"] if pull["author"] else None
    others = [
        seconds(one["submittedAt"])
        for one in pull["reviews"]["nodes"]
        if one["author"] and one["author"]["login"] != mine and kind(one["author"]) == "human"
    ]
    first = min((at for at in others if merged is None or at < merged), default=None)
    if first is None:
        return None
    ready = [at for at, _ in steps(pull, "ReadyForReviewEvent") if at < first]
    return first, first - (ready[-1] if ready else seconds(pull["createdAt"]))


@pytest.mark.parametrize("name", NAMES)
def test_pull_requests(patient_server, seen, name):
    _, week, truth = seen
    counts, values = counted(all_pulls(patient_server, name), week)

    def events(metric, **tags):
        return len(
            truth.get((f"github.pull_request.{metric}", f"simulated-acme/{name}", tuple(sorted(tags.items()))), ())
        )

    for author in ("human", "bot"):
        assert counts["opened", author] == events("opened", author=author)
        assert counts["closed", author] == events("closed", author=author)
        for method in ("merge", "single"):
            assert counts["merged", (author, method)] == events("merged", author=author, method=method)
        for draft in (True, False):
            key = (("author", author), ("draft", str(draft).lower()))
            told = truth["github.pull_request.open", f"simulated-acme/{name}", key]
            assert counts["open", (author, draft)] == told
    assert counts["reopened", ""] == events("reopened")
    distributions = (
        "time_to_merge", "size", "file", "comment", "cycle_time", "merge_queue_wait", "time_in_draft",
        "time_to_first_review",
    )  # fmt: skip
    for metric in distributions:
        assert values.get(metric, []) == true_values(truth, name, f"github.pull_request.{metric}"), metric
