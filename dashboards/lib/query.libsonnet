// What a panel asks for, in no query language yet, and checked against the catalogue. A number that would mean nothing,
// such as the average of medians, cannot be asked for.
local recording = import '../rules/recording.libsonnet';
local catalogue = import 'catalogue.libsonnet';

// Labels that sinks, settings, rollups and recording rules put on series of any metric.
local everywhere = ['instance', 'collector', 'shard', 'env', 'team', 'rollup', 'org'];
local isHealth(metric) = metric.scope == 'collector';
local adds(metric) = std.startsWith(metric.unit, '{') || std.member(['By', 'USD', 'bool'], metric.unit);

// The scope first, then the other tags.
local inOrder(metric, tags) =
  [tag for tag in tags if tag == metric.scope] + [tag for tag in tags if tag != metric.scope];

local query(stat, name, by, where, kinds, unit=null) =
  local metric = catalogue.selected(name, where);
  local free = [tag for tag in std.objectFields(metric.tags) if !std.isString(std.get(where, tag))];
  local wanted = if by == null then inOrder(metric, free) else by;
  local known = catalogue.withTags(name, [tag for tag in wanted if !std.member(everywhere, tag)]);
  if !std.member(kinds, metric.kind) then error '%s of %s: it is a %s' % [stat, name, metric.kind]
  else {
    stat: stat,
    metric: known,
    by: wanted,
    where: where,
    free: inOrder(metric, free),
    health: isHealth(metric),
    rollups: false,
    labels: {},
    unit: if unit == null then metric.unit else unit,
    better: metric.better,
    // What the number says of how fresh it is.
    freshness: 'As of the last run.',
  };

// Aggregating over tags would have to average: so every tag is kept.
local whole(q) =
  local lost = [tag for tag in q.free if !std.member(q.by, tag)];
  if lost == [] then q
  else error '%s of %s: numbers of several series cannot be made one; add to `by`: %s'
             % [q.stat, q.metric.name, std.join(', ', lost)];

local summable(q) =
  if !adds(q.metric) then error 'sum of %s: its unit is %s, which does not add up' % [q.metric.name, q.metric.unit]
  else if q.metric.rolls_up && !std.member(q.by, q.metric.scope)
  then error 'sum of %s: its scopes do not add up; add %s to `by`' % [q.metric.name, q.metric.scope]
  else q;

local time(q) = if q.metric.unit == 'unix' then q else error '%s of %s: it is no time' % [q.stat, q.metric.name];

// A time is better the newer it is, and so is its age the smaller it is.
local age(stat, name, by, where) =
  time(query(stat, name, by, where, ['gauge'], 's')) + { better: if super.better == 'higher' then 'lower' else super.better };

{
  // Parts of a whole, added up.
  sum(name, by=[], where={}):: summable(query('sum', name, by, where, ['gauge'])),
  max(name, by=[], where={}):: query('max', name, by, where, ['gauge']),
  min(name, by=[], where={}):: query('min', name, by, where, ['gauge']),
  // Each series as it is.
  value(name, by=null, where={}):: whole(query('value', name, by, where, ['gauge'])),
  // How many are not true.
  untrue(name, where={})::
    local q = query('untrue', name, [], where, ['gauge'], '{series}');
    if q.metric.unit == 'bool' then q { better: if super.better == 'higher' then 'lower' else super.better }
    else error 'untrue of %s: it is no bool' % name,
  // The position of the value of `tag` that is 1, among `levels`.
  level(name, tag, levels, by)::
    query('level', name, by, { [tag]: levels }, ['gauge'], 'level') + { tag: tag, levels: levels },
  // Events in a span that ends now: 15m, 1h, 1d, 7d or 30d.
  count(name, span, by=[], where={})::
    query('count', name, by, where, ['count']) + { span: span, freshness: 'Counted in closed quarters of an hour, from the first run on.' },
  // p50, p95 …, over the collector's window.
  quantile(name, which, by=null, where={})::
    local q = whole(query('quantile', name, by, where, ['distribution'])) + { quantile: which, freshness: "Over the collector's window, as of the last run." };
    if std.objectHas(catalogue.quantiles, which) then q else error '%s of %s is not kept' % [which, name],
  // Seconds since, as of now: of the newest time, or of the oldest.
  newest(name, by=[], where={}):: age('newest', name, by, where),
  oldest(name, by=[], where={}):: age('oldest', name, by, where),
  // One divided by another, where there is anything to divide by.
  share(part, of, better=null, unit='1')::
    if part.by != of.by then error 'a share needs the same `by` twice'
    else part { stat: 'share', part: part, of: of, unit: unit, better: better },

  // The same over the scopes of a rollup together.
  ofRollups(q)::
    if std.member(['value', 'quantile'], q.stat)
    then q { rollups: true, by: ['rollup'] + [tag for tag in super.by if tag != q.metric.scope] }
    else error '%s of %s: rollups have none, add the scopes up' % [q.stat, q.metric.name],

  // The same, of series that carry these labels of the settings.
  labelled(q, labels):: q { labels: labels },

  // The same, which Prometheus has recorded under this name; `where` are labels of the recorded series.
  recordedAs(name, q, where={}):: q { recorded: { name: name, where: where } },

  // What only Prometheus has: it recorded it under this name.
  recorded(name, better=null)::
    local about = recording.series[recording.recorded(name)];
    local q = query('recorded', about.metric, about.by, {}, ['gauge', 'count', 'distribution'], about.unit);
    // Of what was added up over scopes only the instance is left.
    q {
      recorded: { name: name, where: {} },
      overall: !std.member(about.by, q.metric.scope),
      better: better,
      freshness: 'Recorded as `' + name + '`, as of the last run.',
    },

  // The highest of them, with all that tells them apart.
  highest(n, q):: q { highest: n },

  metric:: catalogue.metric,
  metrics:: catalogue.metrics,
}
