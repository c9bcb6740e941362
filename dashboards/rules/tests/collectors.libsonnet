local t = import 'lib.libsonnet';

local ran = 'collector_run_last_run_timestamp_seconds';
local success = 'collector_run_last_success_timestamp_seconds';
local interval = t.series('collector_run_schedule_interval_seconds', t.health, '900+0x5000');
local who = 'github (instance prod, shard 0)';

// A gauge of health that is wrong from the first hour on, and what its alert says of it.
local gauge(rule, name, labels, good, bad, at, summary, description, shown={}) = t.test(
  '%s fires once it lasts' % rule.alert,
  [t.series(name, t.health + labels, '%s+0x59 %s+0x700' % [good, bad])],
  alerts=[
    t.silent(rule, '59m'),
    t.fires(rule, at, t.health + labels + shown, summary, description),
  ],
);

function(rules, config, recording) [
  t.test(
    'a collector that was late for an hour has burned slowly',
    [interval, t.series(success, t.health, '0+60x300 18000+0x90 23400+60x600')],
    alerts=[
      t.silent(rules.QuarterdeckFreshnessBurnSlow, '5h'),
      t.fires(
        rules.QuarterdeckFreshnessBurnSlow,
        '6h50m',
        t.health,
        '%s was stale for 15.66%% of the last days' % who,
        '%s was stale for 15.66%% of the last one to three days, more than its budget of 1 %%.' % who
      ),
    ],
  ),
  t.test(
    'a configured collector that nothing is heard of is missing, one that failed is not',
    [
      t.series(recording.expected, { instance: 'prod', collector: 'git' }, '1+0x100'),
      t.series(recording.expected, { instance: 'prod', collector: 'github' }, '1+0x100'),
      t.series(ran, t.health, '0+60x100'),
    ],
    alerts=[
      t.silent(rules.QuarterdeckCollectorMissing, '29m'),
      t.fires(
        rules.QuarterdeckCollectorMissing,
        '31m',
        { instance: 'prod', collector: 'git' },
        'git (instance prod) is configured, and nothing is heard of it',
        'The settings name the collector git (instance prod), but Prometheus has no run of it, not even a failed one.'
      ),
    ],
  ),
  gauge(
    rules.QuarterdeckCollectorFailing,
    'collector_run_outcome',
    { outcome: 'failed' },
    0,
    1,
    '110m',
    '%s fails in every run' % who,
    'The last runs of %s failed: no scope was read, or a sink did not take the data.' % who
  ),
  gauge(
    rules.QuarterdeckCollectorPartial,
    'collector_run_outcome',
    { outcome: 'partial' },
    0,
    1,
    '3h15m',
    '%s has been partial for two hours' % who,
    'Every run of %s in the last two hours missed a scope, a metric or a series.' % who
  ),
  gauge(
    rules.QuarterdeckCoverageLow,
    'collector_run_coverage_ratio',
    {},
    1,
    0.5,
    '2h',
    '%s reads only 50%% of its scopes' % who,
    'For 45 minutes %s has read less than 90 %% of the scopes it discovered, 50%% in the last run. The others\' numbers are missing.' % who
  ),
  gauge(
    rules.QuarterdeckMetricsFailed,
    'collector_metric_failed',
    {},
    0,
    2,
    '2h',
    '%s cannot compute 2 metrics' % who,
    'For 45 minutes metrics of %s could not be computed for some scope, 2 of them in the last run. They have no value there.' % who
  ),
  gauge(
    rules.QuarterdeckMetricCoverageLow,
    'collector_metric_coverage_ratio',
    { metric: 'github.workflow_run.queue_time' },
    1,
    0.25,
    '7h30m',
    'github.workflow_run.queue_time is made of 25% of its records',
    'The metric github.workflow_run.queue_time of the collector github has covered less than 50 % of its records for six hours, 25% in the last run, so it may not stand for all.'
  ),
  gauge(
    rules.QuarterdeckBudgetLow,
    'collector_api_budget_remaining_ratio',
    { api: 'rest' },
    0.6,
    0.04,
    '91m',
    'github has 4% of the rest budget left',
    'In the last hour the rate limit of rest was down to 4% after a run of github (instance prod). At 0 its scopes are missing.'
  ) + {
    promql_expr_test: [t.records('collector_shard_api:collector_api_budget_remaining:min1h', t.health { api: 'rest' }, '90m', 0.04)],
  },
  gauge(
    rules.QuarterdeckCountsLost,
    'collector_run_gap_seconds',
    {},
    0,
    86400,
    '61m',
    '%s leaves 1d 0h 0m 0s of events uncounted' % who,
    'No run of %s will count the events of 1d 0h 0m 0s: they lie behind `catch_up`.' % who
  ),
  gauge(
    rules.QuarterdeckSeriesRejected,
    'collector_submit_rejected',
    { sink: 'datadog' },
    0,
    3,
    '2h',
    '3 series of github cannot be sent to datadog',
    'For 45 minutes series of github (instance prod) could not be sent to datadog as they were, 3 of them in the last run.'
  ),
  gauge(
    rules.QuarterdeckClockSkew,
    'collector_clock_skew_seconds',
    {},
    1,
    -120,
    '2h',
    'The clock of %s is 2m 0s off its source\'s' % who,
    'The clock where %s runs differs from its source\'s by 2m 0s. A clock that is behind keeps closed quarters waiting.' % who
  ),
  gauge(
    rules.QuarterdeckEventsLate,
    'collector_event_late',
    {},
    0,
    80,
    '2h',
    '%s keeps finding late events, 80 in a run' % who,
    'Every run of %s in the last 45 minutes added more than 50 events behind what had been counted, the last one 80.' % who
  ),
  gauge(
    rules.QuarterdeckRunNearDeadline,
    'collector_run_duration_seconds',
    {},
    30,
    540,
    '91m',
    'A run of %s took 9m 0s' % who,
    'The longest of the last runs of %s took 9m 0s, of 10 minutes that it has. What is not read by then is missing.' % who
  ),
]
