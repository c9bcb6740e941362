// A view as Grafana's classic JSON.
local catalogue = import 'catalogue.libsonnet';
local layout = import 'layout.libsonnet';
local promql = import 'promql.libsonnet';

local columns = 24;
local schemaVersion = 39;
local source = { type: 'prometheus', uid: '${datasource}' };
// Wider than any graph has points, so that a bar's span is never stretched.
local manyPoints = 3000;

// Units of ours whose numbers are whole are shown in full.
local unitOf(entry) =
  local unit = entry.unit;
  if unit == entry.query.metric.unit then
    (if std.startsWith(unit, '{') then 'locale' else entry.query.metric.grafana_unit)
  else std.get({ s: 's', '1': 'percentunit', level: 'none' }, unit, 'locale');

local steps(entry) =
  if entry.steps == null then [{ color: 'text', value: null }]
  else [{ color: each[0], value: each[1] } for each in entry.steps];

local legend(entry) =
  local labels = ['{{' + tag + '}}' for tag in entry.query.by];
  if entry.name != null && labels == [] then entry.name
  else if entry.name != null then std.join(' ', labels + [entry.name])
  else if labels == [] then '__auto' else std.join(' ', labels);

local refIds = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

local target(panel, i, context) =
  local entry = panel.entries[i];
  local instant = std.member(['stat', 'top', 'table'], panel.kind);
  {
    datasource: source,
    editorMode: 'code',
    expr: promql.expression(entry.query, context),
    format: if panel.kind == 'table' then 'table' else 'time_series',
    instant: instant,
    legendFormat: legend(entry),
    range: !instant,
    refId: refIds[i],
  };

local isCount(entry) = entry.query.stat == 'count';

local defaults(panel, custom) = {
  local first = panel.entries[0],
  color: { mode: if first.steps == null then (if panel.kind == 'top' then 'fixed' else 'palette-classic') else 'thresholds' }
         + (if panel.kind == 'top' && first.steps == null then { fixedColor: 'blue' } else {}),
  custom: custom,
  mappings: [],
  noValue: panel.empty,
  thresholds: { mode: 'absolute', steps: steps(first) },
  unit: unitOf(first),
} + (if isCount(panel.entries[0]) && panel.kind != 'table' then { decimals: 0 } else {})
  + (if panel.entries[0].unit == '1' && std.objectHas(panel, 'full') then { min: 0, max: 1 } else {});

local reduce = { calcs: ['lastNotNull'], fields: '', values: false };
local legends = { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: true };
local tooltip = { mode: 'multi', sort: 'desc' };

local lined(bars) = {
  axisPlacement: 'auto',
  drawStyle: if bars then 'bars' else 'line',
  fillOpacity: if bars then 70 else 5,
  lineInterpolation: 'stepAfter',
  lineWidth: 1,
  pointSize: 4,
  showPoints: 'never',
  spanNulls: false,
  stacking: { group: 'A', mode: if bars then 'normal' else 'none' },
};

local graph(panel, bars) = {
  type: 'timeseries',
  fieldConfig: {
    defaults: defaults(panel, lined(bars) + {
      thresholdsStyle: { mode: if panel.entries[0].steps == null then 'off' else 'dashed' },
    }) + { color: { mode: 'palette-classic' } },
    overrides: [],
  },
  options: { legend: legends, tooltip: tooltip },
};

local mapped(texts) = [{
  type: 'value',
  options: { [std.toString(i)]: { color: texts[i][1], index: i, text: texts[i][0] } for i in std.range(0, std.length(texts) - 1) },
}];

// Words in place of any number of at least 1.
local said(text) = { type: 'range', options: { from: 1, to: 1e9, result: { color: 'orange', index: 0, text: text } } };

// A cell that a row does not have; the panel's own words are for no row at all.
local blank = { id: 'noValue', value: '–' };

local column(entry) = {
  matcher: { id: 'byName', options: entry.name },
  properties: [
    blank,
    { id: 'unit', value: unitOf(entry) },
    { id: 'thresholds', value: { mode: 'absolute', steps: steps(entry) } },
  ] + (if entry.steps == null then [] else [{ id: 'custom.cellOptions', value: { type: 'color-text' } }])
    + (if isCount(entry) then [{ id: 'decimals', value: 0 }] else []),
};

local labelled(name) = { matcher: { id: 'byName', options: name }, properties: [blank] };

local byKind = {
  stat(panel):: {
    type: 'stat',
    fieldConfig: {
      defaults: defaults(panel, {})
                + (if panel.entries[0].steps == null then { color: { mode: 'fixed', fixedColor: 'text' } } else {})
                + (if std.objectHas(panel, 'says') then { mappings: [said(panel.says)] } else {}),
      overrides: [],
    },
    options: {
      colorMode: if panel.entries[0].steps == null then 'none' else 'background',
      graphMode: 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      reduceOptions: reduce,
      textMode: 'auto',
      wideLayout: true,
    },
  },
  lines(panel):: graph(panel, false),
  bars(panel):: graph(panel, true) + { interval: panel.entries[0].query.span, maxDataPoints: manyPoints },
  top(panel):: {
    type: 'bargauge',
    fieldConfig: { defaults: defaults(panel, {}), overrides: [] },
    options: {
      displayMode: 'basic',
      minVizHeight: 16,
      minVizWidth: 8,
      namePlacement: 'auto',
      orientation: 'horizontal',
      reduceOptions: reduce,
      showUnfilled: true,
      sizing: 'auto',
      valueMode: 'color',
    },
  },
  table(panel):: {
    type: 'table',
    fieldConfig: {
      defaults: defaults(panel, { align: 'auto', cellOptions: { type: 'auto' }, filterable: false }),
      overrides: [labelled(each) for each in panel.entries[0].query.by] + [column(each) for each in panel.entries],
    },
    options: { cellHeight: 'sm', showHeader: true, sortBy: [{ desc: true, displayName: panel.entries[0].name }] },
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: { [panel.entries[0].query.by[i]]: i for i in std.range(0, std.length(panel.entries[0].query.by) - 1) },
          renameByName: if std.length(panel.entries) == 1 then { Value: panel.entries[0].name }
          else { ['Value #' + refIds[i]]: panel.entries[i].name for i in std.range(0, std.length(panel.entries) - 1) },
        },
      },
    ],
  },
  grid(panel):: {
    type: 'status-history',
    fieldConfig: { defaults: defaults(panel, { fillOpacity: 70, lineWidth: 1 }), overrides: [] },
    options: { colWidth: 0.9, legend: legends, rowHeight: 0.9, showValue: 'never', tooltip: tooltip },
    interval: '6h',
    maxDataPoints: manyPoints,
    timeFrom: '7d',
  },
  timeline(panel):: {
    type: 'state-timeline',
    fieldConfig: {
      defaults: defaults(panel, { fillOpacity: 70, lineWidth: 0 })
                + { mappings: mapped(panel.states), color: { mode: 'thresholds' } },
      overrides: [],
    },
    options: {
      alignValue: 'left',
      legend: legends,
      mergeValues: true,
      rowHeight: 0.9,
      showValue: 'never',
      tooltip: tooltip,
    },
  },
};

local drawn(placed, context) =
  local panel = placed.panel;
  {
    gridPos: { h: placed.h, w: placed.w, x: placed.x, y: placed.y },
  } + (
    if panel.kind == 'note' then
      { type: 'text', title: '', description: 'What this dashboard is for.', transparent: true, options: { content: panel.text, mode: 'markdown' } }
    else byKind[panel.kind](panel) + {
      datasource: source,
      description: panel.description,
      targets: [target(panel, i, context) for i in std.range(0, std.length(panel.entries) - 1)],
      title: panel.title,
    }
  );

local header(section, top) = {
  type: 'row',
  title: section.title,
  collapsed: false,
  gridPos: { h: 1, w: columns, x: 0, y: top },
  panels: [],
};

// Sections below each other, each a row that can be folded with its panels.
local stacked(sections, context, top=0) =
  if sections == [] then []
  else
    local section = sections[0];
    local start = top + (if section.title == '' then 0 else 1);
    (if section.title == '' then [] else [header(section, top)])
    + [drawn(each, context) for each in layout.place(section.rows, columns, start)]
    + stacked(sections[1:], context, start + layout.height(section.rows));

// Where the values of a variable are found; whatever has no such label is in All, too.
local variable(name, label, query, all='.*') = {
  allValue: all,
  current: { selected: true, text: ['All'], value: ['$__all'] },
  datasource: source,
  definition: query,
  hide: 0,
  includeAll: true,
  label: label,
  multi: true,
  name: name,
  options: [],
  query: { query: query, refId: 'variable-' + name },
  refresh: 2,
  regex: '',
  skipUrlSync: false,
  sort: 1,
  type: 'query',
};

// Health is there for every collector, a watermark, which has no tags of the settings, for every scope ever counted.
local valuesOf(name, config) =
  local chosen(labels) = '{%s}' % std.join(', ', ['%s=~"$%s"' % [each, each] for each in labels]);
  local runs = catalogue.metric('collector.run.last_run').prometheus;
  if std.member(['rollup', 'team'], name) then 'label_values(%s)' % name
  else if std.member(config.selectors, name) then 'label_values(%s, %s)' % [runs, name]
  else if name == 'collector' then 'label_values(%s%s, %s)' % [runs, chosen(config.selectors), name]
  else 'label_values(%s%s, %s)' % [catalogue.series.watermark, chosen(['instance']), name];

local variables(view, config) = [{
  current: { selected: true, text: 'default', value: 'default' },
  hide: 0,
  includeAll: false,
  label: 'Data source',
  multi: false,
  name: 'datasource',
  options: [],
  query: 'prometheus',
  refresh: 1,
  regex: '',
  skipUrlSync: false,
  type: 'datasource',
}] + [
  variable(name, name, valuesOf(name, config), if name == 'rollup' then '.+' else '.*')
  for name in config.selectors + view.variables
];

{
  dashboard(view, config)::
    local context = { selectors: config.selectors, variables: view.variables };
    local panels = stacked(view.sections, context);
    {
      annotations: { list: [] },
      description: view.description + ' For ' + view.audience + '.',
      editable: false,
      fiscalYearStartMonth: 0,
      graphTooltip: 1,
      links: [{
        asDropdown: true,
        icon: 'external link',
        includeVars: true,
        keepTime: true,
        tags: config.tags,
        targetBlank: false,
        title: 'Dashboards',
        tooltip: '',
        type: 'dashboards',
        url: '',
      }],
      panels: [panels[i] { id: i + 1 } for i in std.range(0, std.length(panels) - 1)],
      refresh: std.get(view, 'refresh', config.refresh),
      schemaVersion: schemaVersion,
      tags: config.tags,
      templating: { list: variables(view, config) },
      time: { from: 'now-' + view.range, to: 'now' },
      timepicker: {},
      timezone: config.timezone,
      title: config.titlePrefix + view.title,
      uid: config.uidPrefix + view.slug,
      weekStart: '',
    },
}
