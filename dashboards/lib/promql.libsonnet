// Queries as PromQL over what a Pushgateway holds. Strings are added, not formatted: that takes a hundred times as long.
local recording = import '../rules/recording.libsonnet';
local catalogue = import 'catalogue.libsonnet';

// Recorded numbers whose sum over time is a count, by metric.
local events = {
  [name]: recording.events(name)
  for name in std.objectFields(catalogue.metrics)
  if catalogue.metrics[name].kind == 'count'
};

local list(names) = std.join(', ', names);

local matcher(tag, wanted) =
  if std.isArray(wanted) then tag + '=~"' + std.join('|', wanted) + '"'
  else tag + '="' + wanted + '"';

local chosen(name) = name + '=~"$' + name + '"';

// A gauge of scopes stands beside that of their rollups, told apart by the label alone.
local rollupMatcher(q, variables) =
  if q.rollups then (if std.member(variables, 'rollup') then ['rollup=~"$rollup"'] else ['rollup!=""'])
  else if q.metric.rolls_up && q.metric.kind == 'gauge' then ['rollup=""']
  else [];

// What sinks add beside the catalogue carries no tag of the settings.
local isOwn(q) = q.metric.scope == '';

local isVariable(q, variable) =
  if variable == 'rollup' || isOwn(q) then false
  else if std.get(q, 'overall', false) then std.member(q.by, variable)
  else if variable == 'team' then !q.health
  else std.objectHas(q.metric.tags, variable) && !std.objectHas(q.where, variable)
       && !(q.rollups && variable == q.metric.scope);

local selector(q, context, further=[]) =
  '{' + list(
    [chosen(each) for each in context.selectors if each == 'instance' || !(std.get(q, 'overall', false) || isOwn(q))]
    + [chosen(each) for each in context.variables if isVariable(q, each)]
    + rollupMatcher(q, context.variables)
    + [matcher(tag, q.where[tag]) for tag in std.objectFields(q.where)]
    + [matcher(label, q.labels[label]) for label in std.objectFields(q.labels)]
    + further
  ) + '}';

local aggregated(operator, by, expression) =
  operator + (if by == [] then '' else ' by (' + list(by) + ') ') + '(' + expression + ')';

// Ranges are closed at both ends in Prometheus 2: without the last second, one evaluation too many would be in them.
local exactly = { '15m': '14m59s', '1h': '59m59s', '1d': '23h59m59s', '7d': '6d23h59m59s', '30d': '29d23h59m59s' };

{
  // The expression for a query; `context` has the `selectors` and the `variables` of the dashboard.
  expression(q, context)::
    local name = q.metric.prometheus;
    local series = name + selector(q, context);
    local whole = {
      sum: aggregated('sum', q.by, series),
      max: aggregated('max', q.by, series),
      min: aggregated('min', q.by, series),
      value: aggregated('max', q.by, series),
      untrue: 'count(' + series + ') - sum(' + series + ')',
      level: std.join(' + ', [
        (if i == 1 then '' else i + ' * ')
        + aggregated('max', q.by, name + selector(q { where: { [q.tag]: q.levels[i] } }, context))
        for i in std.range(1, std.length(q.levels) - 1)
      ]),
      quantile: aggregated('max', q.by, if q.rollups
      then name + '_rollup' + selector(q, context, [matcher('statistic', q.quantile)])
      else name + selector(q, context, [matcher('quantile', catalogue.quantiles[q.quantile])])),
      newest: 'time() - ' + aggregated('max', q.by, series),
      oldest: 'time() - ' + aggregated('min', q.by, series),
      count: aggregated(
        'sum', q.by, 'sum_over_time(' + events[q.metric.name] + selector(q, context) + '[' + exactly[q.span] + '])'
      ),
      share:
        local part = $.expression(q.part, context);
        local of = $.expression(q.of, context);
        // Of events that happened, none of this kind is a share of 0.
        '(' + part + (if q.part.stat == 'count' then ' or 0 * ' + of else '') + ') / (' + of + ' > 0)',
    };
    local expression =
      if std.objectHas(q, 'recorded')
      then aggregated('max', q.by, recording.recorded(q.recorded.name) + selector(q { where: q.recorded.where }, context))
      else whole[q.stat];
    if std.objectHas(q, 'highest') then 'topk(' + q.highest + ', ' + expression + ')' else expression,
}
