// A minute a step. A series that begins with something bad, or comes back with it after hours: the time that an alert
// states has to pass all the same. One that lacks a run in the middle of it: the time goes on.
local t = import 'lib.libsonnet';

local outcome(which) = t.health { outcome: which };
local cases(rules) = [
  [rules.CIDefaultBranchBroken, 'github_default_branch_passing', t.data, 1, 0],
  [rules.CIRequiredWorkflowFailing, 'github_workflow_passing', t.data { workflow: 'ci.yml' }, 1, 0],
  [rules.ObjectiveMissed, 'objective_met', t.data { objective: 'ci' }, 1, 0],
  [rules.QuarterdeckCollectorFailing, 'collector_run_outcome', outcome('failed'), 0, 1],
  [rules.QuarterdeckCollectorPartial, 'collector_run_outcome', outcome('partial'), 0, 1],
  [rules.QuarterdeckCoverageLow, 'collector_run_coverage_ratio', t.health, 1, 0.5],
  [rules.QuarterdeckMetricCoverageLow, 'collector_metric_coverage_ratio', t.health { metric: 'github.workflow_run.queue_time' }, 1, 0.1],
  [rules.QuarterdeckMetricsFailed, 'collector_metric_failed', t.health, 0, 2],
  [rules.QuarterdeckSeriesRejected, 'collector_submit_rejected', t.health { sink: 'datadog' }, 0, 3],
  [rules.QuarterdeckEventsLate, 'collector_event_late', t.health, 0, 80],
];

function(rules, config, recording) [
  t.test(
    'six minutes of a new series are not the time that an alert states',
    [t.series(each[1], each[2], '_x300 %g+0x60' % each[4]) for each in cases(rules)],
    alerts=[t.silent(each[0], '306m') for each in cases(rules)],
  ),
  t.test(
    'six minutes of a series that is back after hours are not either',
    [t.series(each[1], each[2], '%g+0x10 _x289 %g+0x60' % [each[3], each[4]]) for each in cases(rules)],
    alerts=[t.silent(each[0], '306m') for each in cases(rules)],
  ),
  t.test(
    'a run that is left out does not start the time anew, three that are do',
    [
      t.series('github_default_branch_passing', t.data, '0+0x40 _x25 0+0x100'),
      t.series('github_default_branch_passing', t.data { repo: 'acme/b' }, '0+0x40 _x45 0+0x100'),
    ],
    alerts=[
      t.silent(rules.CIDefaultBranchBroken, '119m'),
      t.fires(
        rules.CIDefaultBranchBroken,
        '121m',
        t.data,
        'The default branch of acme/a has been broken for two hours',
        'The checks of the newest commit on the default branch of acme/a have been failing for two hours: everybody builds on it.'
      ),
    ],
  ),
]
