// Numbers held against their own past: four hours a step, for the past is weeks.
local t = import 'lib.libsonnet';

local watermark = t.series('quarterdeck_counted_until_timestamp_seconds', t.data, '0+14400x100');
local unsharded = { [key]: t.data[key] for key in std.objectFields(t.data) if key != 'shard' };
local default = { workflow: 'ci.yml', branch: 'default' };
local production = { environment: 'production' };
local proxied = production { proxy: 'deployment' };
local completed(conclusion, values) =
  t.series('github_workflow_run_completed_total', t.data + default { conclusion: conclusion }, values);
local deployed(result, values) =
  t.series('delivery_deployment_completed_total', t.data + proxied { result: result }, values);

function(rules, config, recording) [
  t.test(
    'a workflow that succeeded in three of four runs, and now in one of four, became worse',
    [watermark, completed('success', '0+12x50 604+4x20'), completed('failure', '0+4x50 212+12x20')],
    alerts=[
      t.silent(rules.CISuccessRatioFell, '204h'),
      t.fires(
        rules.CISuccessRatioFell,
        '224h',
        unsharded + default,
        'ci.yml of acme/a succeeds in 25% of its runs',
        'In the last day 25% of the runs of ci.yml of acme/a on the default branch succeeded, over 20 % points less than in the seven days before.'
      ),
    ],
    interval='4h',
  ),
  t.test(
    'twelve runs a day say too little',
    [
      watermark,
      completed('success', '0+2x50 100+0x20'),
      completed('failure', '0+0x50 2+2x20'),
    ],
    alerts=[t.silent(rules.CISuccessRatioFell, '240h')],
    values=[
      t.records('repo_workflow_branch:github_workflow_run_success:ratio1d', unsharded + default, '240h', 0),
    ],
    interval='4h',
  ),
  t.test(
    'a workflow that takes twice as long as a week ago is told of',
    [
      watermark,
      completed('success', '0+1x70'),
      t.series('github_workflow_run_duration_seconds', t.data + default { quantile: '0.5' }, '600+0x42 1200+0x10'),
    ],
    alerts=[
      t.silent(rules.CIWorkflowSlower, '168h'),
      t.fires(
        rules.CIWorkflowSlower,
        '180h',
        t.data + default { quantile: '0.5' },
        'The median run of ci.yml of acme/a takes 20m 0s',
        'The median run of ci.yml of acme/a on the default branch takes 20m 0s, over 1.5 times as long as a week ago.'
      ),
    ],
    interval='4h',
  ),
  t.test(
    'a lead time that doubled in a week is told of',
    [
      watermark,
      deployed('success', '0+1x70'),
      t.series('delivery_lead_time_seconds', t.data + proxied { quantile: '0.5' }, '3600+0x42 7200+0x10'),
    ],
    alerts=[
      t.silent(rules.DeliveryLeadTimeUp, '172h'),
      t.fires(
        rules.DeliveryLeadTimeUp,
        '180h',
        t.data + proxied { quantile: '0.5' },
        'The median change of acme/a (production) takes 2h 0m 0s to be deployed',
        'The median lead time of acme/a (production) is 2h 0m 0s, over 1.5 times that of a week ago.'
      ),
    ],
    interval='4h',
  ),
  t.test(
    'a repository that deployed twenty times, and then not for seven days, is told of',
    [watermark, deployed('success', '0+1x20 20+0x60')],
    alerts=[
      t.silent(rules.DeliveryStopped, '244h'),
      t.fires(
        rules.DeliveryStopped,
        '256h',
        unsharded + production,
        'Nothing of acme/a (production) was deployed for seven days',
        'No deployment of acme/a (production) succeeded in the last seven days, though there were at least 10 in 30.'
      ),
    ],
    interval='4h',
  ),
]
