// A view as Datadog's JSON.
local datadogql = import 'datadogql.libsonnet';
local layout = import 'layout.libsonnet';

local columns = 12;
local liveSpans = { '1h': '1h', '1d': '1d', '7d': '1w', '30d': '1mo' };
local palettes = { green: 'white_on_green', yellow: 'white_on_yellow', orange: 'white_on_yellow', red: 'white_on_red' };
local markers = { yellow: 'warning dashed', red: 'error dashed' };
local units = { s: 'second', By: 'byte', '1': 'fraction' };
local day = 86400;
local manyRows = 100;

// Highest first: the first that fits colours.
local formats(entry) =
  if entry.steps == null then []
  else
    local above = [
      { comparator: '>=', value: each[1], palette: palettes[each[0]] }
      for each in std.reverse(entry.steps[1:])
    ];
    above + [{ comparator: '<', value: entry.steps[1][1], palette: palettes[entry.steps[0][0]] }];

// Where each colour but green begins, coming from green.
local borders(steps) =
  if steps[0][0] == 'green' then steps[1:]
  else [[steps[i][0], steps[i + 1][1]] for i in std.range(0, std.length(steps) - 2)];

local numbered(entry) =
  if std.objectHas(units, entry.unit)
  then { number_format: { unit: { type: 'canonical_unit', unit_name: units[entry.unit] } } }
  else {};

local named(entry) = if entry.name == null then {} else { alias: entry.name };

local prefixes = 'abcdefghijklmnopqrstuvwxyz';

local queries(found, scalar) = [
  { data_source: 'metrics', name: each.name, query: each.text } + (if scalar then { aggregator: each.aggregator } else {})
  for each in found.queries
];

local scalars(panel, context, decorated) =
  local found = [
    datadogql.asked(panel.entries[i].query, context, prefixes[i])
    for i in std.range(0, std.length(panel.entries) - 1)
  ];
  {
    formulas: [
      { formula: found[i].formula } + numbered(panel.entries[i]) + named(panel.entries[i]) + decorated(panel.entries[i])
      for i in std.range(0, std.length(found) - 1)
    ],
    queries: std.flattenArrays([queries(each, true) for each in found]),
    response_format: 'scalar',
  };

local coloured(entry) = local found = formats(entry); if found == [] then {} else { conditional_formats: found };

local spanned(panel) =
  local span = datadogql.span([each.query for each in panel.entries]);
  if span == null then {} else { time: { live_span: liveSpans[span] } };

// A point in time is sent as its age at the end of each run's window, and nobody sends how it grows when runs stop.
local isAge(q) = if q.stat == 'share' then isAge(q.part) else std.member(['newest', 'oldest'], q.stat);
local stopped = '\n\nAn age here is that of the last run: where nothing runs any more it does not grow. The monitor of stale collectors tells of that.';

// Datadog has no words of its own for a panel without data.
local described(panel) = {
  title: panel.title,
  description: panel.description
               + (if std.member([isAge(each.query) for each in panel.entries], true) then stopped else '')
               + '\n\nWithout data: ' + panel.empty + '.',
};

local graph(panel, context, display, further={}) =
  local each(i) =
    local entry = panel.entries[i];
    local found = datadogql.asked(entry.query, context, prefixes[i], panel.kind == 'bars');
    {
      display_type: display,
      formulas: [{ formula: found.formula } + numbered(entry) + named(entry)],
      queries: queries(found, false),
      response_format: 'timeseries',
    };
  local first = panel.entries[0];
  {
    type: 'timeseries',
    legend_columns: ['value', 'min', 'max'],
    legend_layout: 'auto',
    requests: [each(i) for i in std.range(0, std.length(panel.entries) - 1)],
    show_legend: true,
    markers: if first.steps == null || panel.kind == 'timeline' then [] else [
      { display_type: markers[each[0]], value: 'y = ' + each[1] }
      for each in borders(first.steps)
    ],
  } + described(panel) + further;

// A table whose columns are the same number at the same time of the days before.
local days(panel, context) =
  local entry = panel.entries[0];
  local found = datadogql.asked(entry.query, context, 'a');
  {
    type: 'query_table',
    requests: [{
      formulas: [
        {
          alias: if back == 0 then 'now' else back + ' d ago',
          formula: if back == 0 then found.formula else 'timeshift(' + found.formula + ', -' + back * day + ')',
        } + coloured(entry)
        for back in std.range(0, 6)
      ],
      queries: queries(found, true),
      response_format: 'scalar',
    }],
  } + described(panel);

local byKind = {
  stat(panel, context):: (
    if panel.entries[0].query.by == [] && std.length(panel.entries) == 1 then {
      type: 'query_value',
      autoscale: true,
      [if std.objectHas(panel, 'says') then 'custom_unit']: panel.says,
      precision: if std.startsWith(panel.entries[0].unit, '{') then 0 else 2,
      requests: [scalars(panel, context, coloured)],
    } else {
      type: 'query_table',
      requests: [scalars(panel, context, coloured)],
    }
  ) + described(panel) + spanned(panel),
  lines(panel, context):: graph(panel, context, 'line'),
  bars(panel, context):: graph(panel, context, 'bars'),
  top(panel, context):: {
    type: 'toplist',
    requests: [scalars(panel, context, function(entry) coloured(entry) {
      limit: { count: std.get(entry.query, 'highest', 10), order: 'desc' },
    })],
  } + described(panel) + spanned(panel),
  table(panel, context):: {
    type: 'query_table',
    requests: [scalars(panel, context, function(entry) coloured(entry) + (
      if entry == panel.entries[0] then { limit: { count: manyRows, order: 'desc' } } else {}
    ))],
  } + described(panel) + spanned(panel),
  grid: days,
  timeline(panel, context):: graph(panel, context, 'bars'),
};

// Ids of dashboards are an account's own, so only a search leads to the others.
local note(text, context) = {
  type: 'note',
  background_color: 'white',
  content: text + '\n\n[Other dashboards](/dashboard/lists?q=' + std.split(context.titlePrefix, ' ')[0] + ')',
  font_size: '14',
  has_padding: true,
  show_tick: false,
  text_align: 'left',
  vertical_align: 'top',
};

local at(x, y, w, h) = { x: x, y: y, width: w, height: h };
local isRecorded(panel) = panel.kind != 'note' && std.member([each.query.stat for each in panel.entries], 'recorded');
// Without what only Prometheus has; two of Grafana's rows are about one of Datadog's.
local ours(rows) = [
  row
  for row in [[panel { height: std.ceil(panel.height / 2) } for panel in row if !isRecorded(panel)] for row in rows]
  if row != []
];

local widgets(rows, context) = [
  {
    definition: if each.panel.kind == 'note' then note(each.panel.text, context) else byKind[each.panel.kind](each.panel, context),
    layout: at(each.x, each.y, each.w, each.h),
  }
  for each in layout.place(ours(rows), columns)
];

local group(section, context, top) =
  local height = layout.height(ours(section.rows)) + 1;
  {
    definition: {
      type: 'group',
      layout_type: 'ordered',
      show_title: section.title != '',
      title: section.title,
      widgets: widgets(section.rows, context),
    },
    layout: at(0, top, columns, height),
  };

local stacked(sections, context, top=0) =
  if sections == [] then []
  else
    local first = group(sections[0], context, top);
    [first] + stacked(sections[1:], context, top + first.layout.height);

local variable(name) = { name: name, prefix: name, available_values: [], defaults: ['*'] };

{
  dashboard(view, config)::
    local context = {
      datadogSelectors: config.datadogSelectors,
      titlePrefix: config.titlePrefix,
      variables: view.variables,
    };
    {
      title: config.titlePrefix + view.title,
      description: view.description + ' For ' + view.audience + '.',
      layout_type: 'ordered',
      reflow_type: 'fixed',
      tags: [],
      template_variables: [variable(name) for name in config.datadogSelectors + view.variables],
      widgets: stacked(view.sections, context),
      notify_list: [],
    },
}
