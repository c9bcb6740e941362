// The collectors themselves: whether they run, what they cost and what they miss.
local q = import '../lib/query.libsonnet';
local v = import '../lib/view.libsonnet';

local by = ['instance', 'collector', 'shard'];
local outcomes = ['success', 'partial', 'failed'];
local overdue = q.share(
  q.newest('collector.run.last_success', by), q.max('collector.run.schedule_interval', by), better='lower', unit='{interval}'
);
local late = { warn: 2, bad: 3 };
local budget = { warn: 0.25, bad: 0.1 };
local full = { warn: 1, bad: 0.9 };
local one = { warn: 1, bad: 2 };

{
  // As they stand.
  reporting: v.stat('Collectors known', q.sum('collector.build.info'), {
    description: 'Each shard counted. One that stopped is among them, in Grafana until it is pruned; whether they run is told by the age of the last success.',
  }),
  failed: v.stat('Failed last time', {
    query: q.sum('collector.run.outcome', [], { outcome: 'failed' }) { better: 'lower' },
    thresholds: { warn: 1, bad: 1 },
  }),
  partial: v.stat('Partial last time', {
    query: q.sum('collector.run.outcome', [], { outcome: 'partial' }) { better: 'lower' },
    thresholds: { warn: 1, bad: 1000 },
  }),
  overdue: v.top(
    'Intervals since the last success',
    { query: overdue, thresholds: late },
    { description: 'Above 2 a run is missing, above 3 the collector counts as stale.', empty: 'no collector has succeeded yet' }
  ),
  workers: v.table(
    'Collectors',
    [
      { query: overdue, name: 'intervals since success', thresholds: late },
      { query: q.newest('collector.run.last_success', by), name: 'last success' },
      { query: q.newest('collector.run.last_run', by), name: 'last run' },
      { query: q.max('collector.run.duration', by), name: 'duration' },
      { query: q.min('collector.run.coverage', by), name: 'coverage', thresholds: full },
      { query: q.sum('collector.run.sample', by), name: 'samples' },
      { query: q.max('collector.run.window', by), name: 'window' },
      { query: q.max('collector.run.schedule_interval', by), name: 'interval' },
    ],
    { empty: 'no collector has run yet' }
  ),
  releases: v.table(
    'Releases that run',
    { query: q.sum('collector.build.info', ['instance', 'collector', 'release']), name: 'shards' }
  ),

  fresh: v.lines(
    'Share of 30 days in which it was fresh',
    { query: q.recorded('collector_shard:collector_run_fresh:ratio30d', better='higher'), thresholds: { warn: 0.99, bad: 0.9 } },
    { description: 'Fresh: the last success is younger than two intervals.', full: true }
  ),

  // Over time.
  timeline: v.timeline('Outcome', q.level('collector.run.outcome', 'outcome', outcomes, by), {
    states: [['success', 'green'], ['partial', 'yellow'], ['failed', 'red']],
    empty: 'no collector has run yet',
  }),
  duration: v.lines('Duration of runs', q.max('collector.run.duration', by)),
  age: v.lines('Age of the last success', q.newest('collector.run.last_success', by)),
  newest: v.lines(
    'Age of the newest event at the source',
    q.newest('collector.source.newest_event', by),
    { description: 'A quiet source is no fault.', empty: 'no source has told' }
  ),
  reading: v.lines(
    'Age of the oldest reading', q.oldest('collector.source.oldest_reading', by), { empty: 'everything was read anew' }
  ),
  samples: v.lines('Samples', q.sum('collector.run.sample', by)),

  // What is missing.
  coverage: v.lines('Scopes read', { query: q.min('collector.run.coverage', by), thresholds: full }, { full: true }),
  metricCoverage: v.table(
    'Metrics made of some records only',
    { query: q.min('collector.metric.coverage', ['collector', 'metric']), name: 'share', thresholds: { warn: 1, bad: 0.5 } },
    { empty: 'every metric is made of all its records' }
  ),
  gap: v.lines('Time that no run will count any more', q.max('collector.run.gap', by)),
  late: v.lines('Late events', q.sum('collector.event.late', by), { empty: 'unknown without a ledger' }),
  skew: v.lines('Our clock ahead of the source', q.max('collector.clock.skew', by), { empty: 'no source has told the time' }),

  // What it costs.
  budget: v.lines(
    'Rate limits left',
    { query: q.min('collector.api.budget_remaining', ['instance', 'collector', 'api']), thresholds: budget },
    { empty: 'no interface has a limit', full: true }
  ),
  requests: v.lines(
    'Requests of a run', q.sum('collector.api.request', ['collector', 'api', 'result']), { empty: 'no requests' }
  ),
  cached: v.lines('Requests that cost nothing', q.min('collector.cache.hit', by), { empty: 'no requests', full: true }),
  retries: v.lines('Requests sent again', q.sum('collector.retry', ['collector', 'target']), { empty: 'nothing was sent again' }),

  // Whether it went wrong.
  failures: v.lines(
    'Metrics that failed', { query: q.sum('collector.metric.failed', by), thresholds: one }
  ),
  rejected: v.lines(
    'Series that a sink did not take',
    { query: q.sum('collector.submit.rejected', ['collector', 'sink']), thresholds: one },
    { empty: 'nothing submitted yet' }
  ),
  submission: v.lines('Time to submit', q.max('collector.submit.duration', ['collector', 'sink']), { empty: 'nothing submitted yet' }),
  series: v.lines('Series submitted', q.sum('collector.submit.series', ['collector', 'sink']), { empty: 'nothing submitted yet' }),
  payload: v.lines('Bytes submitted', q.sum('collector.submit.payload', ['collector', 'sink']), { empty: 'nothing submitted yet' }),
}
