// Does what runs push reach Prometheus?
local dd = import '../datadog.libsonnet';
local p = import '../promql.libsonnet';

local ours = 'job=~"%s|%s"' % [p.jobs.data, p.jobs.health];
local unseen = 'it is about the way through the Pushgateway, which Datadog has no part in';

function(config, recording) [
  {
    name: 'PushgatewayDown',
    title: 'The Pushgateway cannot be scraped',
    severity: 'page',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: 'up{job="%s"} == 0' % config.gatewayJob,
    'for': '5m',
    summary: 'Prometheus cannot scrape the Pushgateway',
    description: 'Prometheus has not been able to scrape the Pushgateway at {{ $labels.instance }} for five minutes. All numbers are gone until it is back; runs fail meanwhile and count later.',
    action: 'Start the Pushgateway; nothing has to be repaired afterwards.',
    datadog: dd.none(unseen),
  },
  {
    name: 'QuarterdeckNothingScraped',
    title: 'Prometheus sees nothing of Quarterdeck',
    severity: 'page',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: 'absent(%s)' % p.gauge('collector.run.last_run'),
    'for': '30m',
    summary: 'Prometheus has no series of any collector',
    description: 'For 30 minutes Prometheus has had no run of any collector: the Pushgateway is not scraped, or nobody pushes to it.',
    action: 'See that Prometheus has a target for the Pushgateway with honor_labels, and that a job has run.',
    datadog: dd.none(unseen),
  },
  {
    name: 'PushgatewayRefusedPush',
    title: 'The Pushgateway refused a push',
    severity: 'ticket',
    owner: 'platform',
    dashboard: 'platform-health',
    expr: 'push_failure_time_seconds{%s} > push_time_seconds{%s}' % [ours, ours],
    'for': '20m',
    summary: 'The last push of {{ $labels.collector }} (instance {{ $labels.instance }}, shard {{ $labels.shard }}) was refused',
    description: 'The Pushgateway refused the last push of {{ $labels.collector }} to {{ $labels.job }}: most often another group holds a metric of the same name and another type.',
    action: 'Read the run\'s standard error, which names the conflicting group; delete it with `collect sinks prune`.',
    datadog: dd.none(unseen),
  },
  {
    name: 'PushgatewayLostData',
    title: 'The Pushgateway lost its data',
    severity: 'info',
    owner: 'platform',
    dashboard: 'platform-health',
    // Groups that an evaluation knew within the hour, and that a gateway which answers no longer has. The next run begins
    // them anew.
    expr: |||
      (
        group by (instance, collector, shard) (%s)
        unless
        group by (instance, collector, shard) (%s)
      )
      and on () max(up{job="%s"}) == 1
    ||| % [
      std.join(' or ', ['last_over_time(%s[1h])' % each for each in recording.known]),
      p.series.watermark,
      config.gatewayJob,
    ],
    'for': '2m',
    summary: 'The Pushgateway no longer has the totals of {{ $labels.collector }} (instance {{ $labels.instance }}, shard {{ $labels.shard }})',
    description: 'The group of {{ $labels.collector }} (instance {{ $labels.instance }}, shard {{ $labels.shard }}) was in the Pushgateway within the hour and is gone. The next run starts its totals at 0: recorded counts stay right, a bare increase() does not.',
    action: 'Nothing, if it was pruned; else give the Pushgateway a volume and `--persistence.file`.',
    datadog: dd.none(unseen),
  },
]
