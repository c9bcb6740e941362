// Every metric of one type of collector, each in the plainest panel that is right for it.
local q = import '../lib/query.libsonnet';
local v = import '../lib/view.libsonnet';

local rowOf = 3;

local closed(metric) = [tag for tag in std.objectFields(metric.tags) if metric.tags[tag] != null];

local gauge(metric) =
  if metric.unit == 'unix' then q.newest(metric.name, [metric.scope])
  else if std.startsWith(metric.unit, '{') && !metric.rolls_up then q.sum(metric.name, [metric.scope] + closed(metric))
  else q.value(metric.name);

local panel(metric) =
  if metric.kind == 'count' then v.bars(metric.name + ', per day', q.count(metric.name, '1d', closed(metric)))
  else if metric.kind == 'distribution' then v.lines(metric.name, [
    { query: q.quantile(metric.name, 'p50'), name: 'median' },
    { query: q.quantile(metric.name, 'p95'), name: '95 of 100' },
  ])
  else v.lines(metric.name, gauge(metric));

local inRows(panels) = [panels[i:i + rowOf] for i in std.range(0, std.length(panels) - 1) if i % rowOf == 0];
local thing(name) = local words = std.split(name, '.'); words[0] + '.' + words[1];

{
  // The types of collectors that the catalogue knows.
  types:: std.set([
    each
    for name in std.objectFields(q.metrics)
    for each in q.metrics[name].collectors
    if each != 'collector'
  ]),

  view(type)::
    local names = [name for name in std.objectFields(q.metrics) if std.member(q.metrics[name].collectors, type)];
    local byThing = std.foldl(function(found, name) found { [thing(name)]+: [name] }, names, {});
    {
      slug: 'explorer-' + type,
      title: 'Explorer: ' + type,
      audience: 'everybody',
      description: 'Every metric of the collector ' + type + ', generated from the catalogue.',
      range: '7d',
      refresh: '15m',
      variables: std.set([q.metrics[name].scope for name in names]) + ['team'],
      sections: [
        v.section(each, inRows([panel(q.metrics[name]) for name in byThing[each]]))
        for each in std.objectFields(byThing)
      ],
    },
}
