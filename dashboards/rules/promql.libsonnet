// PromQL from the catalogue's names: what is misspelt ends the build.
local catalogue = import '../lib/catalogue.libsonnet';

local selector(tag, value) =
  if std.isArray(value) then '%s=~"%s"' % [tag, std.join('|', value)] else '%s="%s"' % [tag, value];

local braces(selectors) = if selectors == [] then '' else '{%s}' % std.join(',', selectors);

local matchers(where) = [selector(tag, where[tag]) for tag in std.objectFields(where)];

local kinded(metric, kinds) =
  if std.member(kinds, metric.kind) then metric else error '%s is a %s' % [metric.name, metric.kind];

{
  // Labels of every series of ours, beside its scope's and its own.
  everywhere: ['instance', 'collector', 'shard'],

  // A gauge's series; `more` are matchers as they are.
  gauge(name, where={}, more=[])::
    kinded(catalogue.selected(name, where), ['gauge']).prometheus + braces(matchers(where) + more),
  // A gauge of each scope itself: rollups, which say the same of several, are left out.
  ofScopes(name, where={})::
    local metric = catalogue.selected(name, where);
    $.gauge(name, where, ['%s!=""' % metric.scope]),
  // A distribution's quantile, such as p50, over the collector's window.
  quantile(name, which, where={})::
    kinded(catalogue.selected(name, where), ['distribution']).prometheus
    + braces(matchers(where) + ['quantile="%s"' % catalogue.quantiles[which]]),

  // The newest point of a series, also while it has none for a while. With a long `for`, unlike an extreme over that time,
  // the first point of a series that is new or back says nothing about the hours before.
  newest(series, config):: 'last_over_time(%s[%s])' % [series, config.bridged],

  series: catalogue.series,
  jobs: catalogue.jobs,
  braces: braces,
  matchers: matchers,
}
