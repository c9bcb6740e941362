// Queries as Datadog reads them, over what its API was sent.
local catalogue = import 'catalogue.libsonnet';

local seconds = { '15m': 900, '1h': 3600, '1d': 86400, '7d': 604800, '30d': 2592000 };

// One of several values of a closed tag is none of the others: a comma and `!` do not go with `IN`.
local filters(q, tag) =
  local wanted = q.where[tag];
  if std.isString(wanted) then [tag + ':' + wanted]
  else if q.metric.tags[tag] == null then error '%s of %s is open: name one value' % [tag, q.metric.name]
  else ['!' + tag + ':' + each for each in q.metric.tags[tag] if !std.member(wanted, each)];

// What sinks add beside the catalogue carries no tag of the settings.
local isOwn(q) = q.metric.scope == '';

local isVariable(q, variable) =
  if variable == 'rollup' then q.rollups
  else if isOwn(q) then false
  else if variable == 'team' then !q.health
  else std.objectHas(q.metric.tags, variable) && !std.objectHas(q.where, variable)
       && !(q.rollups && variable == q.metric.scope);

local scope(q, context) =
  local all =
    (if isOwn(q) then [] else ['$' + each for each in context.datadogSelectors])
    + ['$' + each for each in context.variables if isVariable(q, each)]
    + (if q.rollups then ['rollup:*'] else if q.metric.rolls_up then ['!rollup:*'] else [])
    + std.flattenArrays([filters(q, tag) for tag in std.objectFields(q.where)])
    + [label + ':' + q.labels[label] for label in std.objectFields(q.labels)];
  if all == [] then '*' else std.join(',', all);

local text(aggregator, name, q, context) =
  aggregator + ':' + name + '{' + scope(q, context) + '}'
  + (if q.by == [] then '' else ' by {' + std.join(',', q.by) + '}');

local statistic(q) =
  if std.member(catalogue.datadogStatistics, q.quantile) then q.metric.datadog + '.' + q.quantile
  else error 'Datadog is not sent %s of %s unless the settings say so' % [q.quantile, q.metric.name];

local one(q, text, aggregator='last') = { texts: [text], aggregators: [aggregator], formula: function(names) names[0] };

// Where several values fall into one point of a graph it shows the worst of them: an average would mean nothing.
local worst(q) = if q.better == 'higher' then 'min' else 'max';

local parts(q, context, bars) =
  local name = q.metric.datadog;
  local whole = {
    sum: one(q, text('sum', name, q, context)),
    max: one(q, text('max', name, q, context) + '.rollup(max)'),
    min: one(q, text('min', name, q, context) + '.rollup(min)'),
    value: one(q, text('max', name, q, context) + '.rollup(' + worst(q) + ')'),
    quantile: one(q, text('max', statistic(q), q, context) + '.rollup(max)'),
    newest: one(q, text('min', name, q, context) + '.rollup(min)'),
    oldest: one(q, text('max', name, q, context) + '.rollup(max)'),
    count: one(
      q, text('sum', name, q, context) + '.as_count()' + (if bars then '.rollup(sum, ' + seconds[q.span] + ')' else ''), 'sum'
    ),
    untrue: one(q { by: q.free }, text('min', name, q { by: q.free }, context) + '.rollup(min)') {
      formula: function(names) 'count_not_null(' + names[0] + ') - count_nonzero(' + names[0] + ')',
    },
    level: {
      local levels = q.levels[1:],
      texts: [text('max', name, q { where: { [q.tag]: each } }, context) + '.rollup(max)' for each in levels],
      aggregators: ['last' for each in levels],
      formula: function(names) std.join(' + ', [
        if i == 0 then names[0] else (i + 1) + ' * ' + names[i]
        for i in std.range(0, std.length(levels) - 1)
      ]),
    },
    share: {
      local part = parts(q.part, context, bars),
      local of = parts(q.of, context, bars),
      texts: part.texts + of.texts,
      aggregators: part.aggregators + of.aggregators,
      // Of events that happened, none of this kind is a share of 0.
      local above(text) = if q.part.stat == 'count' then 'default_zero(' + text + ')' else text,
      formula: function(names) above(part.formula(names[:1])) + ' / ' + of.formula(names[1:]),
    },
  };
  whole[q.stat];

{
  // Named queries and the formula over them; `prefix` keeps the names of one widget apart.
  asked(q, context, prefix, bars=false)::
    local found = parts(q, context, bars);
    local names = [prefix + std.toString(i) for i in std.range(0, std.length(found.texts) - 1)];
    {
      queries: [
        { name: names[i], text: found.texts[i], aggregator: found.aggregators[i] }
        for i in std.range(0, std.length(names) - 1)
      ],
      formula: found.formula(names),
    },

  // The time that a single number of these queries looks back over, where one of them counts.
  span(queries)::
    local each(q) = if q.stat == 'share' then each(q.part) else if q.stat == 'count' then q.span else '';
    local spans = std.set([each(q) for q in queries if each(q) != '']);
    if std.length(spans) > 1 then error 'one panel counts over %s' % std.join(' and ', spans)
    else if spans == [] then null else spans[0],
}
