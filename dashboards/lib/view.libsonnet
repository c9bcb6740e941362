// A dashboard as what it shows, in no product's format: `grafana.libsonnet` and `datadog.libsonnet` draw it.
local empty = {
  count: 'nothing counted yet',
  quantile: 'no events in the window',
  newest: 'never yet',
  oldest: 'none',
  share: 'nothing to take a share of',
};

// Colours for a number that has a better direction; without one there is nothing to tell good from bad by.
local steps(better, thresholds, title) =
  if better == 'lower' then [['green', null], ['yellow', thresholds.warn], ['red', thresholds.bad]]
  else if better == 'higher' then [['red', null], ['yellow', thresholds.bad], ['green', thresholds.warn]]
  else error '%s: its metric has no better direction, so nothing can be coloured' % title;

local asked(title, given) =
  local entry = if std.objectHas(given, 'query') then given else { query: given };
  {
    query: entry.query,
    name: std.get(entry, 'name'),
    unit: entry.query.unit,
    steps: if std.objectHas(entry, 'thresholds') then steps(entry.query.better, entry.thresholds, title)
    else std.get(entry, 'steps'),
  };

local told(q) =
  if q.stat == 'share' then told(q.part) + (if q.of.metric.name == q.part.metric.name then [] else told(q.of))
  else [q.metric.description + ' `' + q.metric.name + '`. ' + q.freshness];

local unique(list) = std.foldl(function(kept, each) if std.member(kept, each) then kept else kept + [each], list, []);

local description(entries, said) =
  std.join('\n\n', (if said == null then [] else [said]) + unique(std.flattenArrays([told(each.query) for each in entries])));

// `given` are queries, or {query, name, thresholds} each; `options` may hold description, empty, weight, height.
local panel(kind, height, title, given, options) =
  local entries = [asked(title, each) for each in (if std.isArray(given) then given else [given])];
  {
    kind: kind,
    title: title,
    entries: entries,
    description: description(entries, std.get(options, 'description')),
    empty: std.get(options, 'empty', std.get(empty, entries[0].query.stat, 'no data')),
    height: height,
    weight: 1,
  } + { [name]: options[name] for name in std.objectFields(options) if !std.member(['description', 'empty'], name) };

{
  // One number, or one for each of a few series.
  stat(title, given, options={}):: panel('stat', 4, title, given, options),
  lines(title, given, options={}):: panel('lines', 8, title, given, options),
  // Events of each span, such as a day.
  bars(title, given, options={}):: panel('bars', 8, title, given, options),
  // A bar for each series, the highest first.
  top(title, given, options={}):: panel('top', 8, title, given, options),
  // A row for each series, a column for each query.
  table(title, given, options={}):: panel('table', 8, title, given, options),
  // A coloured cell for each quarter of a day.
  grid(title, given, options={}):: panel('grid', 8, title, given, options),
  // Spans of states: of `options.states`, [[text, colour] …] by number, or of a bool.
  timeline(title, given, options={}):: panel('timeline', 8, title, given, options),
  // Words.
  note(text):: { kind: 'note', title: '', text: text, height: 3, weight: 1 },

  section(title, rows):: { title: title, rows: rows },
}
