// Datadog's monitor queries from the catalogue's names, and the monitor of an alert's spec.
local catalogue = import '../lib/catalogue.libsonnet';

// Runs are 15 minutes apart: an hour holds four of them, and a shorter window might hold none.
local shortest = '1h';
local windows = ['1h', '2h', '4h', '6h', '12h', '1d', '2d', '1w'];

// On every series of health, and on every series of a collector.
local everywhere(metric) = if metric.scope == 'collector' then ['collector', 'instance', 'shard'] else ['collector'];

local filter(where) =
  local filters = [
    if std.isArray(where[tag]) then '%s IN (%s)' % [tag, std.join(',', where[tag])] else '%s:%s' % [tag, where[tag]]
    for tag in std.objectFields(where)
  ];
  if filters == [] then '*' else std.join(' AND ', filters);

local grouped(metric, by) =
  local known = std.objectFields(metric.tags) + everywhere(metric);
  local unknown = [tag for tag in by if !std.member(known, tag)];
  if unknown == [] then ' by {%s}' % std.join(',', by)
  else error '%s has no tag %s in Datadog' % [metric.name, std.join(', ', unknown)];

// Never in powers of ten, and 0.1 as 0.1.
local number(value) = if value == std.floor(value) then '%d' % value else '%g' % value;

local windowed(window) =
  if std.member(windows, window) then window else error '%s is no window of a monitor of ours' % window;

// One series of one metric, without its window.
local series(space, metric, name, where, by, suffix='') =
  '%s:%s{%s}%s%s' % [space, name, filter(where), grouped(metric, by), suffix];

local asked(name, kinds, where) =
  local metric = catalogue.selected(name, where);
  if std.member(kinds, metric.kind) then metric else error '%s is a %s' % [name, metric.kind];

{
  // A gauge (a time: its age) over a window; `time` and `space` never average.
  gauge(name, op, threshold, by, where={}, window=shortest, time='min', space='max')::
    local metric = asked(name, ['gauge'], where);
    {
      query: '%s(last_%s):%s %s %s' % [time, windowed(window), series(space, metric, metric.datadog, where, by), op, number(threshold)],
      critical: threshold,
      by: by,
    },

  // Events of a window.
  count(name, op, threshold, by, where={}, window='1d')::
    local metric = asked(name, ['count'], where);
    {
      query: 'sum(last_%s):%s %s %s' % [windowed(window), series('sum', metric, metric.datadog, where, by, '.as_count()'), op, number(threshold)],
      critical: threshold,
      by: by,
    },

  // Why there is no monitor.
  none(reason):: { none: reason },

  // The monitor of a spec; `texts` are the alert's own, in Prometheus' templates.
  monitor(spec, config)::
    local datadog = spec.datadog;
    local said(text) = std.foldl(
      function(sofar, tag) std.strReplace(sofar, '{{ $labels.%s }}' % tag, '{{%s.name}}' % tag),
      datadog.by,
      std.foldl(
        function(sofar, form) std.strReplace(sofar, '{{ $value | %s }}' % form, '{{value}}'),
        ['humanize', 'humanizeDuration', 'humanizePercentage'],
        // A job that is not divided sends no tag `shard`, so monitors do not group by it.
        std.strReplace(text, ', shard {{ $labels.shard }}', '')
      )
    );
    {
      name: '[Quarterdeck] %s' % std.get(datadog, 'title', spec.title),
      type: 'query alert',
      query: datadog.query,
      message: std.join('\n\n', [
        said(std.get(datadog, 'text', spec.description)),
        'What to do: %s' % spec.action,
        'Runbook: %s' % spec.runbook_url,
      ]) + '\n',
      tags: ['managed-by:quarterdeck', 'alert:%s' % std.asciiLower(spec.name), 'severity:%s' % spec.severity, 'owner:%s' % spec.owner],
      priority: { page: 2, ticket: 3, info: 4 }[spec.severity],
      options: {
        thresholds: { critical: datadog.critical },
        // Points come every 15 minutes: a window is never full.
        require_full_window: false,
        // A run ends within ten minutes of its start, and a count may still be overwritten meanwhile.
        evaluation_delay: 900,
        // A new repository's first numbers are no trouble.
        new_group_delay: 3600,
        include_tags: true,
        notify_audit: false,
        renotify_interval: { page: 240, ticket: 1440, info: 0 }[spec.severity],
      } + (
        // A job that does not run sends nothing, and so no age of its last success either.
        if std.objectHas(datadog, 'silent') then { notify_no_data: true, no_data_timeframe: datadog.silent }
        else { notify_no_data: false }
      ),
    },
}
