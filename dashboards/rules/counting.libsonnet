// Events of a span, from the totals that runs carry on in the Pushgateway.
//
// increase() cannot give them: it takes a new series' first value for history, though the first event of a workflow
// nobody saw before *is* that value; it stretches what it saw to the ends of the span, so that 1 event reads 1.02; and
// over 30 days it would load every scrape. Subtracting the total of a span ago loses what was counted before the
// gateway lost its data, and calls the whole total new after a Prometheus that was down back then.
//
// So each evaluation records what was added since the evaluation before, and a span is the sum of those numbers, exact
// for any span. For that the evaluation leaves notes for the next: every total (`:total`), and how far every scope has
// been counted (`:until`). What happens to a total then has one reading each:
//
//   it rose or stayed          → the difference
//   it fell, and the scope's time did not → the gateway lost its data and counts from 0: all of it is new
//   it fell, and so did the scope's time  → the gateway came back with an older state, and the next run counts the same
//                                events again: nothing is new, and the notes stay until the gateway is where it was
//   it is new, the scope is not           → the first event of an open tag set: all of it is new
//   it and its scope are new   → nothing is known of before: nothing; a truly new scope starts at 0 anyway
//
// Notes are believed for six hours. A Prometheus that was down for less counts what happened meanwhile when it comes
// back; one that was down for longer leaves it out, and the sum is a lower bound.
local p = import 'promql.libsonnet';

// `offset` leaves out the evaluation's own note, however the rules of a group are ordered in time.
local earlier(series) = 'last_over_time(' + series + '[6h] offset 1m)';

// Where Kubernetes' service discovery names the gateway's pod on every series, another pod must not begin new ones.
local pushed(series) = 'max without (pod) (' + series + ')';

local levels(metric) = [metric.scope] + [tag for tag in std.objectFields(metric.tags) if tag != metric.scope];
local underscored(metric) = std.strReplace(metric.name, '.', '_');
local level(metric) = std.join('_', levels(metric));

local totals(metric) = 'shard_' + level(metric) + ':' + underscored(metric) + ':total';
local events(metric) = level(metric) + ':' + underscored(metric) + ':events';

// The notes of one group of metrics. Another list of metrics is another label: the notes that a release without one of
// them left say nothing about its totals, which would all seem new.
local notes(metrics) = {
  local scope = metrics[0].scope,
  local prefix = 'shard_%s:quarterdeck_counted' % scope,
  label:: std.substr(std.md5(std.join(' ', [each.name for each in metrics])), 0, 8),
  own:: 'counted="%s"' % $.label,
  until:: '%s:until' % prefix,
  step:: '%s:step' % prefix,
  watermark:: pushed('%s{counted_metric="",%s!=""}' % [p.series.watermark, scope]),
  // One scope of one group of the gateway. Tags of the settings are on the totals, but not on the scope's time.
  scoped:: 'on (job, %s)' % std.join(', ', p.everywhere + [scope]),
  advanced:: '%s %s{%s} >= 0' % [$.scoped, $.step, $.own],
  fell:: '%s %s{%s} < 0' % [$.scoped, $.step, $.own],
};

local stepRule(n) = {
  record: n.step,
  expr: |||
    %s - ignoring (counted) %s
  ||| % [n.watermark, earlier('%s{%s}' % [n.until, n.own])],
  labels: { counted: n.label },
};

// Added, not formatted: formatting takes a hundred times as long, and there are two for every count.
local eventsRule(metric, n) = {
  local total = pushed(metric.prometheus),
  local before = earlier(totals(metric)),
  record: events(metric),
  expr: std.join('\n', [
    'sum without (shard) (',
    '  (' + total + ' - ' + before + ' >= 0)',
    '  or',
    '  (' + total + ' and ' + before + ' and ' + n.advanced + ')',
    '  or',
    '  (' + total + ' unless ' + before + ' and ' + n.advanced + ')',
    ')',
  ]),
};

// A total that is gone while its scope is there was lost: noted as 0, once, lest its next value be held against the old.
local totalRule(metric, n) = {
  local total = pushed(metric.prometheus),
  local before = earlier(totals(metric)),
  record: totals(metric),
  expr: std.join('\n', [
    '(' + total + ' unless ' + n.fell + ')',
    'or',
    '(' + before + ' and ' + total + ')',
    'or',
    '(0 * (' + before + ' > 0) and ' + n.advanced + ')',
  ]),
};

local untilRule(n) = {
  record: n.until,
  expr: |||
    (%(mark)s unless %(fell)s)
    or ignoring (counted)
    (%(earlier)s and ignoring (counted) %(mark)s)
  ||| % { mark: n.watermark, earlier: earlier('%s{%s}' % [n.until, n.own]), fell: n.fell },
  labels: { counted: n.label },
};

{
  // The rules of these metrics, in the order in which they build on each other.
  rules(metrics)::
    local n = notes(metrics);
    [stepRule(n)]
    + std.flatMap(function(each) [eventsRule(each, n), totalRule(each, n)], metrics)
    + [untilRule(n)],

  // The series of what was added at each evaluation; sum it over time.
  events: events,
  // The series in which an evaluation leaves a metric's totals for the next.
  totals: totals,
  // The label of a group's notes.
  noted(metrics):: notes(metrics).label,
  // The scopes that an earlier evaluation knew, by the note it left.
  known(metrics):: notes(metrics).until,
  labels: levels,
}
