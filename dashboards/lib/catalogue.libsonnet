// The catalogue, read so that a misspelt metric, tag or value ends the build.
local data = import 'catalogue.json';

local quoted(names) = std.join(', ', names);

{
  metrics: data.metrics,
  jobs: data.jobs,
  series: data.series,
  // p50, p95 … → the label `quantile` of a summary.
  quantiles: data.quantiles,
  // What Datadog is sent of a distribution unless the settings say otherwise.
  datadogStatistics: data.datadog_statistics,

  // The metric of this name.
  metric(name)::
    if std.objectHas(data.metrics, name) then data.metrics[name]
    else if std.objectHas(data.own, name) then data.own[name]
    else error 'no metric is called %s' % name,

  // The same metric, once each of `tags` (names) is one of its own.
  withTags(name, tags)::
    local metric = $.metric(name);
    local unknown = [tag for tag in tags if !std.objectHas(metric.tags, tag)];
    if unknown == [] then metric
    else error '%s has no tag %s; it has %s' % [name, quoted(unknown), quoted(std.objectFields(metric.tags))],

  // The same metric, once `where` (tag: value or values) names tags of its own and, of closed ones, values that exist.
  selected(name, where)::
    local metric = $.withTags(name, std.objectFields(where));
    local wrong = [
      '%s=%s' % [tag, value]
      for tag in std.objectFields(where)
      if metric.tags[tag] != null
      for value in (if std.isArray(where[tag]) then where[tag] else [where[tag]])
      if !std.member(metric.tags[tag], value)
    ];
    if wrong == [] then metric
    else error '%s has no %s' % [name, quoted(wrong)],
}
