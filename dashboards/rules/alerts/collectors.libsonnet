// Do the collectors run, and is what they bring whole?
local dd = import '../datadog.libsonnet';
local p = import '../promql.libsonnet';

local who = '{{ $labels.collector }} (instance {{ $labels.instance }}, shard {{ $labels.shard }})';
local told = ['instance', 'collector'];

function(config, recording) [
  {
    name: 'QuarterdeckCollectorStale',
    title: 'A collector has not succeeded for three intervals',
    severity: 'page',
    owner: 'platform',
    dashboard: 'platform-health',
    // What Prometheus remembers of the last success, where the gateway lost it and every run since then failed.
    expr: 'time() - last_over_time(%s[1d]) > %d * %s' % [
      p.gauge('collector.run.last_success'),
      config.staleIntervals,
      p.gauge('collector.run.schedule_interval'),
    ],
    'for': '5m',
    summary: '%s last succeeded {{ $value | humanizeDuration }} ago' % who,
    description: 'The collector %s last delivered data {{ $value | humanizeDuration }} ago. Its numbers are frozen at that time.' % who,
    action: 'Look at the job\'s last runs and their log; run `collect check` with its settings.',
    datadog: dd.gauge('collector.run.last_success', '>', 2700, told, window='1h') {
      silent: 120,
      text: 'The collector {{collector.name}} (instance {{instance.name}}) has not delivered data for three of its intervals of 15 minutes, or sends nothing at all.',
    },
  },
  {
    name: 'QuarterdeckCollectorNeverSucceeded',
    title: 'A collector runs and has never succeeded',
    severity: 'page',
    owner: 'platform',
    dashboard: 'platform-health',
    // Without any last success there is nothing that could be stale, and with a run nothing is missing. Four days hold the
    // three intervals of a daily job.
    expr: |||
      (
        time() - min_over_time(%(run)s[4d]) > %(intervals)d * %(interval)s
        and ignoring (outcome)
        %(failed)s == 1
      )
      unless
      last_over_time(%(success)s[1d])
    ||| % {
      run: p.gauge('collector.run.last_run'),
      intervals: config.staleIntervals,
      interval: p.gauge('collector.run.schedule_interval'),
      failed: p.newest(p.gauge('collector.run.outcome', { outcome: 'failed' }), config),
      success: p.gauge('collector.run.last_success'),
    },
    'for': '5m',
    summary: '%s has run for {{ $value | humanizeDuration }} and never succeeded' % who,
    description: 'The first run of %s that Prometheus knows of was {{ $value | humanizeDuration }} ago. The last one failed, and no success is known: there are no numbers of it.' % who,
    action: 'Read the last run\'s standard error; run `collect check` with its settings.',
    datadog: dd.none('a monitor cannot ask for what was never sent; the monitor of failing runs tells of them'),
  },
  {
    name: 'QuarterdeckCollectorMissing',
    title: 'A configured collector has never reported',
    severity: 'page',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: |||
      %s
      unless on (instance, collector)
      %s
    ||| % [recording.expected, p.gauge('collector.run.last_run')],
    'for': '30m',
    summary: '{{ $labels.collector }} (instance {{ $labels.instance }}) is configured, and nothing is heard of it',
    description: 'The settings name the collector {{ $labels.collector }} (instance {{ $labels.instance }}), but Prometheus has no run of it, not even a failed one.',
    action: 'See that its CronJob exists, is not suspended, and can reach the Pushgateway.',
    datadog: dd.none('a monitor without a first point has no group that could be missing; the staleness monitor tells of one that stops'),
  },
  {
    name: 'QuarterdeckCollectorFailing',
    title: 'A collector\'s runs fail',
    severity: 'ticket',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: '%s == 1' % p.newest(p.gauge('collector.run.outcome', { outcome: 'failed' }), config),
    'for': '40m',
    summary: '%s fails in every run' % who,
    description: 'The last runs of %s failed: no scope was read, or a sink did not take the data.' % who,
    action: 'Read the failed run\'s standard error: it names what failed; then `collect check`.',
    datadog: dd.gauge('collector.run.outcome', '>=', 1, told, { outcome: 'failed' }),
  },
  {
    name: 'QuarterdeckCollectorPartial',
    title: 'A collector\'s runs miss something',
    severity: 'ticket',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: '%s == 1' % p.newest(p.gauge('collector.run.outcome', { outcome: 'partial' }), config),
    'for': '2h',
    summary: '%s has been partial for two hours' % who,
    description: 'Every run of %s in the last two hours missed a scope, a metric or a series.' % who,
    action: 'Read the last run\'s standard error: each missing scope is named with its reason.',
    datadog: dd.gauge('collector.run.outcome', '>=', 1, told, { outcome: 'partial' }, window='2h'),
  },
  {
    name: 'QuarterdeckCoverageLow',
    title: 'A collector reads too few of its scopes',
    severity: 'ticket',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: '%s < %g' % [p.newest(p.gauge('collector.run.coverage'), config), config.coverage],
    'for': '45m',
    summary: '%s reads only {{ $value | humanizePercentage }} of its scopes' % who,
    description: 'For 45 minutes %s has read less than %g %% of the scopes it discovered, {{ $value | humanizePercentage }} in the last run. The others\' numbers are missing.' % [who, 100 * config.coverage],
    action: 'Read the last run\'s standard error; look for lost rights and used-up budgets.',
    datadog: dd.gauge('collector.run.coverage', '<', config.coverage, told, time='max', space='min'),
  },
  {
    name: 'QuarterdeckMetricsFailed',
    title: 'Metrics cannot be computed',
    severity: 'ticket',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: '%s > 0' % p.newest(p.gauge('collector.metric.failed'), config),
    'for': '45m',
    summary: '%s cannot compute {{ $value | humanize }} metrics' % who,
    description: 'For 45 minutes metrics of %s could not be computed for some scope, {{ $value | humanize }} of them in the last run. They have no value there.' % who,
    action: 'Read the last run\'s standard error: each failed metric is named with its scope.',
    datadog: dd.gauge('collector.metric.failed', '>', 0, told),
  },
  {
    name: 'QuarterdeckMetricCoverageLow',
    title: 'A metric leaves out too many records',
    severity: 'info',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: '%s < %g' % [p.newest(p.gauge('collector.metric.coverage'), config), config.metricCoverage],
    'for': '6h',
    summary: '{{ $labels.metric }} is made of {{ $value | humanizePercentage }} of its records',
    description: 'The metric {{ $labels.metric }} of the collector {{ $labels.collector }} has covered less than %g %% of its records for six hours, {{ $value | humanizePercentage }} in the last run, so it may not stand for all.' % (100 * config.metricCoverage),
    action: 'See in the collector\'s README which records the metric leaves out, and which setting caps them.',
    datadog: dd.gauge('collector.metric.coverage', '<', config.metricCoverage, told + ['metric'], window='6h', time='max', space='min'),
  },
  {
    name: 'QuarterdeckBudgetLow',
    title: 'An interface\'s rate limit is nearly used up',
    severity: 'ticket',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: '%s < %g' % [recording.recorded('collector_shard_api:collector_api_budget_remaining:min1h'), config.budget],
    'for': '30m',
    summary: '{{ $labels.collector }} has {{ $value | humanizePercentage }} of the {{ $labels.api }} budget left',
    description: 'In the last hour the rate limit of {{ $labels.api }} was down to {{ $value | humanizePercentage }} after a run of {{ $labels.collector }} (instance {{ $labels.instance }}). At 0 its scopes are missing.',
    action: 'Give the job a token of its own, use a ledger, read fewer repositories, or run shards with different tokens.',
    datadog: dd.gauge('collector.api.budget_remaining', '<', config.budget, told + ['api'], time='min', space='min'),
  },
  {
    name: 'QuarterdeckCountsLost',
    title: 'Events will not be counted any more',
    severity: 'ticket',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: '%s > 0' % p.gauge('collector.run.gap'),
    'for': '0m',
    summary: '%s leaves {{ $value | humanizeDuration }} of events uncounted' % who,
    description: 'No run of %s will count the events of {{ $value | humanizeDuration }}: they lie behind `catch_up`.' % who,
    action: 'Fill the gap with `collect backfill`, and find out why the collector was away for so long.',
    datadog: dd.gauge('collector.run.gap', '>', 0, told, time='max'),
  },
  {
    name: 'QuarterdeckSeriesRejected',
    title: 'A sink does not take some series',
    severity: 'ticket',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: '%s > 0' % p.newest(p.gauge('collector.submit.rejected'), config),
    'for': '45m',
    summary: '{{ $value | humanize }} series of {{ $labels.collector }} cannot be sent to {{ $labels.sink }}',
    description: 'For 45 minutes series of {{ $labels.collector }} (instance {{ $labels.instance }}) could not be sent to {{ $labels.sink }} as they were, {{ $value | humanize }} of them in the last run.',
    action: 'Read the last run\'s standard error: the series are named, most often two that became equal.',
    datadog: dd.gauge('collector.submit.rejected', '>', 0, told + ['sink']),
  },
  {
    name: 'QuarterdeckClockSkew',
    title: 'The collector\'s clock is wrong',
    severity: 'ticket',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: 'abs(%s) > %d' % [p.gauge('collector.clock.skew'), config.clockSkew],
    'for': '45m',
    summary: 'The clock of %s is {{ $value | humanizeDuration }} off its source\'s' % who,
    description: 'The clock where %s runs differs from its source\'s by {{ $value | humanizeDuration }}. A clock that is behind keeps closed quarters waiting.' % who,
    action: 'See that the node\'s time is synchronised.',
    datadog: dd.gauge('collector.clock.skew', '>', config.clockSkew, told) {
      text: 'The clock where {{collector.name}} (instance {{instance.name}}) runs is {{value}} s ahead of its source\'s. (One that is behind is told by Prometheus only: a monitor compares with one threshold.)',
    },
  },
  {
    name: 'QuarterdeckEventsLate',
    title: 'Many events arrive late',
    severity: 'info',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: '%s > %d' % [p.newest(p.gauge('collector.event.late'), config), config.lateEvents],
    'for': '45m',
    summary: '%s keeps finding late events, {{ $value | humanize }} in a run' % who,
    description: 'Every run of %s in the last 45 minutes added more than %d events behind what had been counted, the last one {{ $value | humanize }}.' % [who, config.lateEvents],
    action: 'Raise `settle`, if the source always shows its events late.',
    datadog: dd.gauge('collector.event.late', '>', config.lateEvents, told),
  },
  {
    name: 'QuarterdeckRunNearDeadline',
    title: 'Runs come close to their deadline',
    severity: 'ticket',
    owner: 'platform',
    dashboard: 'collectors',
    expr: 'max_over_time(%s[45m]) > %g' % [p.gauge('collector.run.duration'), config.deadlineShare * config.deadline],
    'for': '30m',
    summary: 'A run of %s took {{ $value | humanizeDuration }}' % who,
    description: 'The longest of the last runs of %s took {{ $value | humanizeDuration }}, of %s that it has. What is not read by then is missing.' % [
      who,
      if config.deadline % 60 == 0 then '%d minutes' % (config.deadline / 60) else '%g s' % config.deadline,
    ],
    action: 'Use a ledger so that less is fetched, split the scopes with `--shard`, or raise `deadline`.',
    datadog: dd.gauge('collector.run.duration', '>', config.deadlineShare * config.deadline, told),
  },
  {
    name: 'QuarterdeckFreshnessBurnFast',
    title: 'Freshness is being lost fast',
    severity: 'page',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: |||
      %(long1)s > %(fast)g and %(short1)s > %(fast)g
      or
      %(long2)s > %(slow)g and %(short1)s > %(slow)g
    ||| % {
      long1: recording.recorded(recording.stale('1h')),
      long2: recording.recorded(recording.stale('6h')),
      short1: recording.recorded(recording.stale('45m')),
      fast: 14.4 * (1 - config.freshTarget),
      slow: 6 * (1 - config.freshTarget),
    },
    'for': '2m',
    summary: '%s was stale for {{ $value | humanizePercentage }} of the time lately' % who,
    description: '%s spends its budget of staleness (%g %% of 30 days) so fast that it is gone within days: it was stale for {{ $value | humanizePercentage }} of the last hours.' % [who, 100 * (1 - config.freshTarget)],
    action: 'As for QuarterdeckCollectorStale: look at the last runs, their duration, and whether they start on time.',
    datadog: dd.none('a burn needs the share of minutes that were fresh; use a time-slice SLO on collector.run.last_success_age'),
  },
  {
    name: 'QuarterdeckFreshnessBurnSlow',
    title: 'Freshness is being lost steadily',
    severity: 'ticket',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: |||
      %(long1)s > %(fast)g and %(short1)s > %(fast)g
      or
      %(long2)s > %(slow)g and %(short2)s > %(slow)g
    ||| % {
      long1: recording.recorded(recording.stale('1d')),
      short1: recording.recorded(recording.stale('2h')),
      long2: recording.recorded(recording.stale('3d')),
      short2: recording.recorded(recording.stale('6h')),
      fast: 3 * (1 - config.freshTarget),
      slow: 1 * (1 - config.freshTarget),
    },
    'for': '15m',
    summary: '%s was stale for {{ $value | humanizePercentage }} of the last days' % who,
    description: '%s was stale for {{ $value | humanizePercentage }} of the last one to three days, more than its budget of %g %%.' % [who, 100 * (1 - config.freshTarget)],
    action: 'Look for runs that fail now and then, are skipped, or start late.',
    datadog: dd.none('a burn needs the share of minutes that were fresh; use a time-slice SLO on collector.run.last_success_age'),
  },
]
