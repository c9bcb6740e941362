// Pull requests and their reviews.
local q = import '../lib/query.libsonnet';
local v = import '../lib/view.libsonnet';

local day = 86400;
local none = 'no pull requests';
local noneMerged = 'nothing merged in the window';

// The number of people's pull requests, where a metric tells people from bots.
local human(name, which) = q.quantile(name, which, null, { author: 'human' });

{
  // As they stand.
  open: v.stat('Open, ready', q.sum('github.pull_request.open', [], { draft: 'false' }), { empty: none }),
  awaiting: v.stat('Awaiting review', q.sum('github.pull_request.review_state', [], { state: 'awaiting' }), { empty: none }),
  oldest: v.stat(
    'The oldest open one',
    { query: q.oldest('github.pull_request.oldest_open'), thresholds: { warn: 30 * day, bad: 90 * day } },
    { empty: 'none open' }
  ),
  stale: v.stat(
    'Stale', { query: q.sum('github.pull_request.stale'), thresholds: { warn: 10, bad: 50 } }, { empty: none }
  ),
  conflicting: v.stat('With conflicts', q.sum('github.pull_request.conflicting'), { empty: none }),
  merged: v.stat('Merged, 7 days', q.count('github.pull_request.merged', '7d'), { empty: 'none counted' }),

  // By repository.
  byRepository: v.table(
    'Pull requests by repository',
    [
      { query: q.sum('github.pull_request.open', ['repo']), name: 'open' },
      { query: q.sum('github.pull_request.review_state', ['repo'], { state: 'awaiting' }), name: 'awaiting review' },
      { query: q.sum('github.pull_request.stale', ['repo']), name: 'stale' },
      { query: q.value('github.pull_request.median_open_age'), name: 'median age' },
      { query: q.count('github.pull_request.merged', '7d', ['repo']), name: 'merged, 7 days' },
      { query: q.max('github.pull_request.queued', ['repo']), name: 'in the merge queue' },
    ],
    { empty: none }
  ),
  flow: v.table(
    'Time from commit to merge, by repository',
    [
      { query: q.quantile('github.pull_request.time_to_first_review', 'p50'), name: 'first review' },
      { query: q.quantile('github.pull_request.time_to_approval', 'p50'), name: 'approval' },
      { query: q.quantile('github.pull_request.merge_delay', 'p50'), name: 'approval to merge' },
      { query: human('github.pull_request.time_to_merge', 'p50') { by: ['repo'] }, name: 'open to merge' },
      { query: human('github.pull_request.cycle_time', 'p50') { by: ['repo'] }, name: 'first commit to merge' },
      { query: q.quantile('github.pull_request.time_in_draft', 'p50'), name: 'as a draft' },
      { query: q.quantile('github.pull_request.merge_queue_wait', 'p50'), name: 'in the queue' },
    ],
    { description: 'Medians.', empty: noneMerged }
  ),

  // Over time.
  states: v.lines('Open ones by decision of the reviewers', q.sum('github.pull_request.review_state', ['state']), { empty: none }),
  checks: v.lines('Open ones by state of their checks', q.sum('github.pull_request.check_state', ['state']), { empty: none }),
  perDay: v.bars(
    'Opened, merged and closed per day',
    [
      { query: q.count('github.pull_request.opened', '1d'), name: 'opened' },
      { query: q.count('github.pull_request.merged', '1d'), name: 'merged' },
      { query: q.count('github.pull_request.closed', '1d'), name: 'closed' },
    ],
    { empty: 'none counted' }
  ),
  timeToMerge: v.lines('Open to merge, median', human('github.pull_request.time_to_merge', 'p50') { by: ['repo'] }, { empty: noneMerged }),
  firstReview: v.lines(
    'Time to the first review, median',
    { query: q.quantile('github.pull_request.time_to_first_review', 'p50'), thresholds: { warn: day, bad: 3 * day } },
    { empty: 'nothing reviewed in the window' }
  ),
  firstReviewSlow: v.lines(
    'Time to the first review, 95 of 100', q.quantile('github.pull_request.time_to_first_review', 'p95'), { empty: 'nothing reviewed in the window' }
  ),
  reviewCoverage: v.lines(
    'Share that somebody else had reviewed',
    { query: q.value('github.pull_request.review_coverage'), thresholds: { warn: 0.9, bad: 0.5 } },
    { empty: noneMerged, full: true }
  ),
  size: v.lines('Size in lines, median', q.quantile('github.pull_request.size', 'p50'), { empty: noneMerged }),
  rounds: v.lines('Rounds of review, 95 of 100', q.quantile('github.pull_request.review_round', 'p95'), { empty: noneMerged }),
  comments: v.lines('Comments, median', q.quantile('github.pull_request.comment', 'p50'), { empty: noneMerged }),
}
