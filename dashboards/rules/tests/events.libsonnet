// What happens to totals, and what is counted of it. Each case has an `instance` of its own.
local t = import 'lib.libsonnet';

local merged = 'github_pull_request_merged_total';
local completed = 'github_workflow_run_completed_total';
local watermark = 'quarterdeck_counted_until_timestamp_seconds';
local merge = { author: 'human', method: 'merge' };
local run = { workflow: 'ci.yml', branch: 'default', conclusion: 'success' };
local without(labels, name) = { [key]: labels[key] for key in std.objectFields(labels) if key != name };

local at(instance) = t.data { instance: instance };
// The end of the newest closed quarter, run after run.
local counted(runs) = [900 * index for index in std.range(1, runs)];

local cases = [
  {
    case: 'a closed tag set rises from 0',
    metric: 'github.pull_request.merged',
    tags: merge,
    totals: [0, 0, 2, 2, 5],
    marks: counted(5),
    events: 5,
  },
  {
    case: 'an unchanged total counts nothing',
    metric: 'github.pull_request.merged',
    tags: merge,
    totals: [7, 7, 7, 7, 7],
    marks: counted(5),
    events: 0,
  },
  {
    case: 'the first event of a new workflow counts',
    metric: 'github.workflow_run.completed',
    tags: run,
    totals: [null, null, 1, 1, 3],
    marks: counted(5),
    events: 3,
  },
  {
    case: 'a new repository starts at 0',
    metric: 'github.pull_request.merged',
    tags: merge,
    totals: [null, null, 0, 4, 4],
    marks: [null, null, 2700, 3600, 4500],
    events: 4,
  },
  {
    case: 'the gateway lost its data, and what was counted before stays',
    metric: 'github.pull_request.merged',
    tags: merge,
    totals: [10, 12, 'gone', 0, 3],
    marks: [900, 1800, 'gone', 3600, 4500],
    events: 5,
  },
  {
    case: 'the gateway lost its data, and a workflow runs again later',
    metric: 'github.workflow_run.completed',
    tags: run,
    totals: [10, 12, 'gone', null, 3],
    marks: [900, 1800, 'gone', 3600, 4500],
    events: 5,
  },
  {
    case: 'the gateway lost its data, and as many runs as before follow',
    metric: 'github.workflow_run.completed',
    tags: run,
    totals: [1, 1, 'gone', null, 1],
    marks: [900, 1800, 'gone', 3600, 4500],
    events: 1,
  },
  {
    case: 'the gateway came back with an older state, and the next run counted that again',
    metric: 'github.pull_request.merged',
    tags: merge,
    totals: [10, 12, 10, 14, 15],
    marks: [900, 1800, 900, 3600, 4500],
    events: 5,
  },
  {
    case: 'Prometheus was down for two hours',
    metric: 'github.pull_request.merged',
    tags: merge,
    totals: [10, 12] + std.repeat([null], 8) + [18, 19],
    marks: [900, 1800] + std.repeat([null], 8) + [9900, 10800],
    events: 9,
  },
  {
    case: 'Prometheus was down for seven hours: what it missed is not counted, nor is a lifetime',
    metric: 'github.workflow_run.completed',
    tags: run,
    totals: [10, 12] + std.repeat([null], 28) + [18, 19],
    marks: [900, 1800] + std.repeat([null], 28) + [27900, 28800],
    events: 3,
  },
  {
    case: 'Prometheus is younger than the totals',
    metric: 'github.workflow_run.completed',
    tags: run,
    totals: [1000, 1000, 1001, 1001, 1004],
    marks: counted(5),
    events: 4,
  },
  {
    case: 'the settings give another tag, and totals go on under it',
    metric: 'github.pull_request.merged',
    tags: merge { team: 'payments' },
    totals: [null, null, 2, 2, 5],
    marks: counted(5),
    events: 5,
  },
  {
    case: 'a failed run keeps totals and time',
    metric: 'github.pull_request.merged',
    tags: merge,
    totals: [10, 10, 10, 16, 16],
    marks: [900, 900, 900, 3600, 4500],
    events: 6,
  },
];

function(rules, config, recording) [
  t.test(
    'events are counted once, whatever happens to totals',
    std.flattenArrays([
      local each = cases[index];
      local labels = at('case-%d' % index);
      local metric = { 'github.pull_request.merged': merged, 'github.workflow_run.completed': completed }[each.metric];
      [
        t.series(metric, labels + each.tags, t.runs(each.totals)),
        t.series(watermark, labels, t.runs(each.marks)),
      ]
      for index in std.range(0, std.length(cases) - 1)
    ]),
    values=[
      local each = cases[index];
      local labels = without(at('case-%d' % index) + each.tags, 'shard');
      local named = t.named(recording.events(each.metric), labels);
      // The case's own sentence stands in the query, as a comment that PromQL allows.
      t.gives('sum_over_time(%s[23h59m59s]) # %s' % [named, each.case], '8h', [['{%s' % std.splitLimit(named, '{', 1)[1], each.events]])
      for index in std.range(0, std.length(cases) - 1)
    ],
  ),
  t.test(
    'another number of shards moves a repository to a group where its totals start anew',
    [
      t.series(merged, t.data + merge, t.runs([10, 12, 12, 12, 12])),
      t.series(watermark, t.data, t.runs([900, 1800, 1800, 1800, 1800])),
      t.series(merged, t.data { shard: '1' } + merge, t.runs([null, null, 0, 4, 5])),
      t.series(watermark, t.data { shard: '1' }, t.runs([null, null, 2700, 3600, 4500])),
    ],
    values=[
      t.gives(
        'sum_over_time(%s[23h59m59s])' % t.named(recording.events('github.pull_request.merged'), { repo: 'acme/a' }),
        '74m',
        [[t.named('', without(t.data, 'shard') + merge), 7]]
      ),
    ],
  ),
  t.test(
    'another pod of a gateway that kept its data begins no new series',
    [
      t.series(completed, t.data { pod: 'a' } + run, t.runs([10, 12, 'gone', null])),
      t.series(watermark, t.data { pod: 'a' }, t.runs([900, 1800, 'gone', null])),
      t.series(completed, t.data { pod: 'b' } + run, t.runs([null, null, 12, 13])),
      t.series(watermark, t.data { pod: 'b' }, t.runs([null, null, 2700, 3600])),
    ],
    values=[
      t.gives(
        'sum_over_time(%s[23h59m59s])' % recording.events('github.workflow_run.completed'),
        '59m',
        [[t.named('', without(t.data, 'shard') + run), 3]]
      ),
    ],
  ),
  t.test(
    'a label that the scrape adds from now on makes no lifetime of totals new',
    [
      t.series(completed, t.data + run, t.runs([10, 12, 'gone', null])),
      t.series(watermark, t.data, t.runs([900, 1800, 'gone', null])),
      t.series(completed, t.data { cluster: 'eu' } + run, t.runs([null, null, 12, 13])),
      t.series(watermark, t.data { cluster: 'eu' }, t.runs([null, null, 2700, 3600])),
    ],
    values=[
      t.gives(
        'sum without (cluster) (sum_over_time(%s[23h59m59s]))' % recording.events('github.workflow_run.completed'),
        '59m',
        [[t.named('', without(t.data, 'shard') + run), 3]]
      ),
    ],
  ),
]
