// A value for every recorded series.
local catalogue = import '../../lib/catalogue.libsonnet';
local counting = import '../counting.libsonnet';
local t = import 'lib.libsonnet';

local group(instance) = { job: 'quarterdeck', instance: instance, collector: 'any', shard: '0' };
local without(labels, names) = { [key]: labels[key] for key in std.objectFields(labels) if !std.member(names, key) };

// The first value of a closed set of tags, and any of an open one.
local tagged(metric) = {
  [tag]: if tag == metric.scope then 'acme/a' else if metric.tags[tag] == null then 'x' else metric.tags[tag][0]
  for tag in std.objectFields(metric.tags)
};
local counted = [
  catalogue.metrics[name]
  for name in std.objectFields(catalogue.metrics)
  if catalogue.metrics[name].kind == 'count'
];
local note(kind, metric) = 'shard_%s:quarterdeck_counted:%s' % [metric.scope, kind];

local every(metric) =
  local labels = group(metric.name) + tagged(metric);
  local scoped = group(metric.name) { [metric.scope]: 'acme/a' };
  {
    input: [
      t.series(metric.prometheus, labels, '0+2x10'),
      t.series('quarterdeck_counted_until_timestamp_seconds', scoped, '0+900x10'),
    ],
    local events = counting.events(metric),
    values: [
      t.records(events, without(labels, ['shard']), '60h', 2),
      t.records(counting.totals(metric), labels, '60h', 20),
    ],
  };

local samples = [every(each) for each in counted];

local run(conclusion) = t.data { workflow: 'ci.yml', branch: 'default', conclusion: conclusion, team: 'pay' };
local completed = 'github_workflow_run_completed_total';
local deployed(result) = t.data { environment: 'production', proxy: 'tag', result: result, team: 'pay' };
local watermark = t.series('quarterdeck_counted_until_timestamp_seconds', t.data, '0+21600x140');
local unsharded = without(t.data, ['shard']);
local ofTeam = { instance: 'prod', team: 'pay' };
local ofOrganisation = { instance: 'prod', org: 'acme' };

function(rules, config, recording) [
  t.test(
    'the totals of every count, and what was added to them',
    std.flattenArrays([each.input for each in samples]),
    values=std.flattenArrays([each.values for each in samples]) + [
      // Each group of rules leaves its own notes, of every scope it sees.
      t.gives(
        'count by (counted) (%s) > bool 0' % note('until', counted[0]),
        '60h',
        [['{counted="%s"}' % each, 1] for each in recording.notes]
      ),
    ] + [
      t.gives('max(%s)' % note('step', counted[0]), '60h', [['{}', 900]]),
    ],
    interval='6h',
  ),
  t.test(
    'spans, and ratios of them',
    [
      watermark,
      t.series(completed, run('success'), '0+3x140'),
      t.series(completed, run('failure'), '0+1x140'),
      t.series(completed, run('cancelled'), '0+5x140'),
      // A workflow that only ever failed has no series of successes.
      t.series(completed, run('failure') { workflow: 'nightly.yml', branch: 'other' }, '0+1x140'),
      t.series('github_workflow_run_flaky_total', t.data { workflow: 'ci.yml', team: 'pay' }, '0+1x140'),
      t.series('github_default_branch_passing', t.data, '1+0x3 0+0x3'),
      t.series('delivery_deployment_completed_total', deployed('success'), '0+1x140'),
      t.series('delivery_deployment_completed_total', deployed('failure'), '0+2x140'),
      t.series('github_pull_request_merged_total', t.data { author: 'human', method: 'merge' }, '0+2x140'),
      t.series('github_commit_landed_total', t.data { author: 'human' }, '0+4x140'),
      t.series('github_commit_landed_total', t.data { author: 'bot' }, '0+9x140'),
      t.series('github_commit_unreviewed_total', t.data, '0+1x140'),
    ],
    values=[
      t.records('repo_branch_conclusion_workflow:github_workflow_run_completed:events1d', without(run('success'), ['shard']), '804h', 12),
      t.records('repo_branch_conclusion_workflow:github_workflow_run_completed:events7d', without(run('success'), ['shard']), '804h', 84),
      t.records('repo_workflow:github_workflow_run_flaky:events7d', unsharded { workflow: 'ci.yml', team: 'pay' }, '804h', 28),
      t.records('repo_workflow_branch:github_workflow_run_success:ratio1d', unsharded { workflow: 'ci.yml', branch: 'default', team: 'pay' }, '804h', 0.75),
      t.records('repo_workflow_branch:github_workflow_run_success:ratio1d', unsharded { workflow: 'nightly.yml', branch: 'other', team: 'pay' }, '804h', 0),
      t.records('repo_workflow_branch:github_workflow_run_success:ratio7d', unsharded { workflow: 'ci.yml', branch: 'default', team: 'pay' }, '804h', 0.75),
      t.records('repo:github_workflow_run_success:ratio7d', unsharded { team: 'pay' }, '804h', 0.75),
      t.records('org:github_workflow_run_success:ratio7d', ofOrganisation, '804h', 0.75),
      t.records('team:github_workflow_run_success:ratio7d', ofTeam, '804h', 0.75),
      t.records('repo_workflow:github_workflow_run_flaky:ratio7d', unsharded { workflow: 'ci.yml', team: 'pay' }, '804h', 0.25),
      // Of five looks, both ends of the day included, the last two were red.
      t.records('repo:github_default_branch_passing:share1d', t.data, '30h', 0.6),
      t.records('repo_environment_proxy_result:delivery_deployment_completed:events1d', without(deployed('failure'), ['shard']), '804h', 8),
      t.records('repo_environment_proxy_result:delivery_deployment_completed:events7d', without(deployed('failure'), ['shard']), '804h', 56),
      t.records('repo_environment_proxy_result:delivery_deployment_completed:events30d', without(deployed('failure'), ['shard']), '804h', 240),
      t.records('repo_environment:delivery_deployment_completed:per_day7d', unsharded { environment: 'production', team: 'pay' }, '804h', 4),
      t.records('org:delivery_deployment_completed:per_day7d', ofOrganisation, '804h', 4),
      t.records('team:delivery_deployment_completed:per_day7d', ofTeam, '804h', 4),
      t.records('repo_author_method:github_pull_request_merged:events7d', unsharded { author: 'human', method: 'merge' }, '804h', 56),
      t.records('repo_author:github_commit_landed:events7d', unsharded { author: 'human' }, '804h', 112),
      t.records('repo:github_commit_unreviewed:events7d', unsharded, '804h', 28),
      t.records('repo:github_commit_unreviewed:ratio7d', unsharded, '804h', 0.25),
    ],
    interval='6h',
  ),
  t.test(
    'a repository without a workflow run has no ratio, instead of a wrong one',
    [watermark, t.series(completed, run('success'), '5+0x140')],
    values=[t.gives('repo:github_workflow_run_success:ratio7d', '60h', [])],
    interval='6h',
  ),
]
