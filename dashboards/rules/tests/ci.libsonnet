// An hour a step: the spans are days.
local t = import 'lib.libsonnet';

local watermark = t.series('quarterdeck_counted_until_timestamp_seconds', t.data, '0+3600x900');
local unsharded = { [key]: t.data[key] for key in std.objectFields(t.data) if key != 'shard' };
local workflow = { workflow: 'ci.yml' };
local default = workflow { branch: 'default' };
local completed(conclusion, values) =
  t.series('github_workflow_run_completed_total', t.data + default { conclusion: conclusion }, values);

function(rules, config, recording) [
  t.test(
    'a default branch that stays broken is told of',
    [
      t.series('github_default_branch_passing', t.data, '1+0x3 0+0x10'),
      // A rollup says the same of many repositories.
      t.series('github_default_branch_passing', { job: 'quarterdeck', instance: 'prod', collector: 'github', shard: '0', rollup: 'all' }, '0+0x20'),
    ],
    alerts=[
      t.silent(rules.CIDefaultBranchBroken, '5h'),
      t.fires(
        rules.CIDefaultBranchBroken,
        '7h',
        t.data,
        'The default branch of acme/a has been broken for two hours',
        'The checks of the newest commit on the default branch of acme/a have been failing for two hours: everybody builds on it.'
      ),
    ],
    interval='1h',
  ),
  t.test(
    'a required workflow that fails is told of',
    [t.series('github_workflow_passing', t.data + workflow, '1+0x3 0+0x10')],
    alerts=[
      t.silent(rules.CIRequiredWorkflowFailing, '4h'),
      t.fires(
        rules.CIRequiredWorkflowFailing,
        '5h',
        t.data + workflow,
        'The required workflow ci.yml of acme/a fails',
        'The newest run of the required workflow ci.yml of acme/a on the default branch failed, and has for 45 minutes.'
      ),
    ],
    interval='1h',
  ),
  t.test(
    'a third failure in a row is told of',
    [t.series('github_workflow_run_consecutive_failure', t.data + workflow, '0+1x10')],
    alerts=[
      t.silent(rules.CIWorkflowFailsRepeatedly, '3h'),
      t.fires(
        rules.CIWorkflowFailsRepeatedly,
        '4h',
        t.data + workflow,
        'The last 4 runs of ci.yml of acme/a failed',
        'The newest 4 runs of ci.yml of acme/a on the default branch failed one after the other.'
      ),
    ],
    interval='1h',
  ),
  t.test(
    'a workflow of which every fourth run is flaky is told of, once there are enough runs',
    [
      watermark,
      completed('success', '0+4x100'),
      t.series('github_workflow_run_flaky_total', t.data + workflow, '0+1x100'),
    ],
    alerts=[
      t.silent(rules.CIWorkflowFlaky, '4h'),
      t.fires(
        rules.CIWorkflowFlaky,
        '30h',
        unsharded + workflow,
        '25% of the runs of ci.yml of acme/a are flaky',
        'In the last seven days 25% of the runs of ci.yml of acme/a succeeded on a commit on which one had failed.'
      ),
    ],
    interval='1h',
  ),
  t.test(
    'a run that has been active for hours is told of',
    [t.series('github_workflow_run_oldest_active_timestamp_seconds', t.data, '3600+0x20')],
    alerts=[
      t.silent(rules.CIRunStuck, '7h'),
      t.fires(
        rules.CIRunStuck,
        '9h',
        t.data,
        'A run of acme/a has been active for 8h 0m 0s',
        'The oldest run of acme/a that is queued, running or waiting was created 8h 0m 0s ago.'
      ),
    ],
    interval='1h',
  ),
]
