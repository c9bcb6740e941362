// Has continuous integration become worse?
local dd = import '../datadog.libsonnet';
local p = import '../promql.libsonnet';

local where = '{{ $labels.repo }}';
local workflow = '{{ $labels.workflow }} of {{ $labels.repo }}';
local two = 'it takes two conditions at once, which one monitor cannot have';

function(config, recording) [
  {
    name: 'CIDefaultBranchBroken',
    title: 'A default branch has been broken for two hours',
    severity: 'ticket',
    owner: 'developers',
    dashboard: 'developer',
    expr: '%s == 0' % p.newest(p.ofScopes('github.default_branch.passing'), config),
    'for': '2h',
    summary: 'The default branch of %s has been broken for two hours' % where,
    description: 'The checks of the newest commit on the default branch of %s have been failing for two hours: everybody builds on it.' % where,
    action: 'Revert the commit that broke it, or fix it forward.',
    datadog: dd.gauge('github.default_branch.passing', '<', 1, ['repo'], window='2h', time='max'),
  },
  {
    name: 'CIRequiredWorkflowFailing',
    title: 'A required workflow fails',
    severity: 'ticket',
    owner: 'developers',
    dashboard: 'developer',
    expr: '%s == 0' % p.newest(p.ofScopes('github.workflow.passing'), config),
    'for': '45m',
    summary: 'The required workflow %s fails' % workflow,
    description: 'The newest run of the required workflow %s on the default branch failed, and has for 45 minutes.' % workflow,
    action: 'Read the run\'s log; revert what broke it. `collect explain github.workflow.passing` names the run.',
    datadog: dd.gauge('github.workflow.passing', '<', 1, ['repo', 'workflow'], time='max'),
  },
  {
    name: 'CIWorkflowFailsRepeatedly',
    title: 'A workflow fails again and again',
    severity: 'info',
    owner: 'developers',
    dashboard: 'developer',
    expr: '%s >= %d' % [p.ofScopes('github.workflow_run.consecutive_failure'), config.failuresInARow],
    'for': '30m',
    summary: 'The last {{ $value | humanize }} runs of %s failed' % workflow,
    description: 'The newest {{ $value | humanize }} runs of %s on the default branch failed one after the other.' % workflow,
    action: 'Repair the workflow, or remove it: what always fails is read by nobody.',
    datadog: dd.gauge('github.workflow_run.consecutive_failure', '>=', config.failuresInARow, ['repo', 'workflow']),
  },
  {
    local ratio = 'repo_workflow_branch:github_workflow_run_success:ratio',
    local enough(span, least) = 'sum without (conclusion) (%s) >= %d' % [
      recording.recorded(recording.events('github.workflow_run.completed') + span)
      + p.braces(p.matchers({ branch: 'default', conclusion: ['success', 'failure'] })),
      least,
    ],
    name: 'CISuccessRatioFell',
    title: 'A workflow succeeds much less often than before',
    severity: 'ticket',
    owner: 'developers',
    dashboard: 'developer',
    expr: |||
      %(day)s{branch="default"} < %(week)s{branch="default"} offset 1d - %(fall)g
      and %(runs1d)s
      and %(runs7d)s
    ||| % {
      day: recording.recorded(ratio + '1d'),
      week: recording.recorded(ratio + '7d'),
      fall: config.successFall,
      runs1d: enough('1d', config.runs1d),
      runs7d: enough('7d', config.runs7d),
    },
    'for': '1h',
    summary: '%s succeeds in {{ $value | humanizePercentage }} of its runs' % workflow,
    description: 'In the last day {{ $value | humanizePercentage }} of the runs of %s on the default branch succeeded, over %g %% points less than in the seven days before.' % [workflow, 100 * config.successFall],
    action: 'Compare the failing runs with the commits of the day; look for a flaky test or a service that is down.',
    datadog: dd.none('it compares with seven days a day ago and needs enough runs; a monitor compares with a day ago at most'),
  },
  {
    name: 'CIWorkflowFlaky',
    title: 'A workflow is flaky',
    severity: 'info',
    owner: 'developers',
    dashboard: 'developer',
    expr: |||
      %s > %g
      and on (job, instance, collector, repo, workflow)
      sum by (job, instance, collector, repo, workflow) (%s{conclusion=~"success|failure"}) >= %d
    ||| % [
      recording.recorded('repo_workflow:github_workflow_run_flaky:ratio7d'),
      config.flakyShare,
      recording.recorded(recording.events('github.workflow_run.completed') + '7d'),
      config.runs1d,
    ],
    'for': '1h',
    summary: '{{ $value | humanizePercentage }} of the runs of %s are flaky' % workflow,
    description: 'In the last seven days {{ $value | humanizePercentage }} of the runs of %s succeeded on a commit on which one had failed.' % workflow,
    action: 'List them with `collect explain github.workflow_run.flaky` and repair or quarantine the tests that differ.',
    datadog: dd.none(two),
  },
  {
    name: 'CIWorkflowSlower',
    title: 'A workflow takes much longer than a week ago',
    severity: 'info',
    owner: 'developers',
    dashboard: 'developer',
    local median = p.quantile('github.workflow_run.duration', 'p50', { branch: 'default' }),
    expr: |||
      %(now)s > %(factor)g * %(now)s offset 7d
      and on (job, instance, collector, repo, workflow)
      sum by (job, instance, collector, repo, workflow) (%(runs)s{branch="default",conclusion=~"success|failure"}) >= %(least)d
    ||| % {
      now: median,
      factor: config.slowdown,
      runs: recording.recorded(recording.events('github.workflow_run.completed') + '7d'),
      least: config.runs1d,
    },
    'for': '2h',
    summary: 'The median run of %s takes {{ $value | humanizeDuration }}' % workflow,
    description: 'The median run of %s on the default branch takes {{ $value | humanizeDuration }}, over %g times as long as a week ago.' % [workflow, config.slowdown],
    action: 'Compare the steps of a run now and then: a lost cache, a new job, slower runners.',
    datadog: dd.none('a monitor compares with a day ago at most, and the windows of two days in a row are nearly the same'),
  },
  {
    name: 'CIRunStuck',
    title: 'A workflow run has not ended for hours',
    severity: 'info',
    owner: 'developers',
    dashboard: 'operations',
    expr: 'time() - %s > %d' % [p.ofScopes('github.workflow_run.oldest_active'), config.activeFor],
    'for': '30m',
    summary: 'A run of %s has been active for {{ $value | humanizeDuration }}' % where,
    description: 'The oldest run of %s that is queued, running or waiting was created {{ $value | humanizeDuration }} ago.' % where,
    action: 'Cancel it, or start the runner or give the approval that it waits for.',
    datadog: dd.gauge('github.workflow_run.oldest_active', '>', config.activeFor, ['repo']),
  },
]
