// Workflow runs: what runs, how long it takes, and how often it works.
local q = import '../lib/query.libsonnet';
local v = import '../lib/view.libsonnet';

local hour = 3600;
local name = 'github.workflow_run.completed';
local each = ['repo', 'workflow', 'branch'];
local judged = ['success', 'failure'];
local good = { warn: 0.95, bad: 0.8 };
local none = 'no runs in the window';
local uncounted = 'no runs counted';

local success(span, by=[], where={}) = q.share(
  q.count(name, span, by, where { conclusion: 'success' }), q.count(name, span, by, where { conclusion: judged }), better='higher'
);

{
  // Now.
  running: v.stat('Running now', q.sum('github.workflow_run.active', [], { state: 'running' })),
  queued: v.stat('Queued now', q.sum('github.workflow_run.active', [], { state: 'queued' })),
  waiting: v.stat('Waiting for a person', q.sum('github.workflow_run.active', [], { state: 'waiting' })),
  oldest: v.stat(
    'The oldest that has not ended',
    { query: q.oldest('github.workflow_run.oldest_active'), thresholds: { warn: hour, bad: 6 * hour } },
    { empty: 'nothing runs' }
  ),
  failing: v.stat(
    'Workflows that fail on the default branch',
    { query: q.untrue('github.workflow.passing'), thresholds: { warn: 1, bad: 5 } },
    { empty: none }
  ),
  success1d: v.stat('Success, 1 day', { query: success('1d'), thresholds: good }, {
    description: 'Successes of all that succeeded or failed, of any branch.',
    empty: uncounted,
  }),
  success7d: v.stat('Success, 7 days', { query: success('7d'), thresholds: good }, {
    description: 'Successes of all that succeeded or failed, of any branch.',
    empty: uncounted,
  }),

  // Over time.
  active: v.lines('Runs that have not ended', q.sum('github.workflow_run.active', ['state'])),
  activeByRepository: v.lines('Runs that have not ended, by repository', q.sum('github.workflow_run.active', ['repo'])),
  perHour: v.bars('Runs that ended, per hour', q.count(name, '1h', ['conclusion']), { empty: uncounted }),
  perDay: v.bars('Runs that ended, per day', q.count(name, '1d', ['conclusion']), { empty: uncounted }),
  passing: v.timeline('Workflows on the default branch', q.value('github.workflow.passing'), {
    states: [['fails', 'red'], ['passes', 'green']],
    empty: none,
  }),
  branches: v.timeline('Default branches', q.value('github.default_branch.passing'), {
    states: [['fails', 'red'], ['passes', 'green']],
    empty: 'no checks, or none has ended',
  }),
  median: v.lines('Duration, median', q.quantile('github.workflow_run.duration', 'p50', null, { branch: 'default' }), {
    description: 'Of the default branch.',
    empty: none,
  }),
  slow: v.lines('Duration, 95 of 100', q.quantile('github.workflow_run.duration', 'p95', null, { branch: 'default' }), {
    description: 'Of the default branch.',
    empty: none,
  }),
  queueing: v.lines('Wait for the first job, 95 of 100', q.quantile('github.workflow_run.queue_time', 'p95'), {
    empty: 'the setting `jobs` is off, or nothing ended in the window',
  }),
  runners: v.lines('Self-hosted runners', q.sum('github.runner.registered', ['state']), { empty: 'the setting `runners` is off' }),

  // By repository, organisation and team, of default branches.
  byRepository: v.top('CI success by repository, 7 days', {
    query: q.recordedAs('repo:github_workflow_run_success:ratio7d', success('7d', ['repo'], { branch: 'default' })),
    thresholds: good,
  }, { description: 'Of the default branch.', empty: uncounted }),
  byTeam: v.top('CI success by team, 7 days', {
    query: q.recordedAs('team:github_workflow_run_success:ratio7d', success('7d', ['team'], { branch: 'default' })) { overall: true },
    thresholds: good,
  }, { description: 'Of default branches.', empty: 'the settings give no team, or no runs counted' }),
  byOrganisation: v.lines('CI success by organisation, 7 days', {
    query: q.recorded('org:github_workflow_run_success:ratio7d', better='higher'),
    thresholds: good,
  }, { description: 'Of default branches.', empty: uncounted, full: true }),
  passingShare: v.lines('Share of a day in which the default branch passed', {
    query: q.recorded('repo:github_default_branch_passing:share1d', better='higher'),
    thresholds: good,
  }, { empty: 'no checks, or none has ended', full: true }),

  // By workflow.
  inARow: v.top(
    'Failures in a row',
    { query: q.highest(10, q.max('github.workflow_run.consecutive_failure', ['repo', 'workflow'])), thresholds: { warn: 1, bad: 3 } },
    { empty: none }
  ),
  byWorkflow: v.table(
    'CI by workflow',
    [
      { query: q.count(name, '7d', each), name: 'ended, 7 days' },
      {
        query: q.recordedAs('repo_workflow_branch:github_workflow_run_success:ratio7d', success('7d', each)),
        name: 'success, 7 days',
        thresholds: good,
      },
      { query: q.value('github.workflow_run.success_ratio_lower'), name: 'success, at least' },
      { query: q.quantile('github.workflow_run.duration', 'p50'), name: 'duration, median' },
      { query: q.quantile('github.workflow_run.duration', 'p95'), name: 'duration, 95 of 100' },
    ],
    { empty: none }
  ),
  trouble: v.table(
    'Runs again and flaky, by workflow',
    [
      { query: q.count('github.workflow_run.rerun', '7d', ['repo', 'workflow']), name: 'run again, 7 days' },
      { query: q.count('github.workflow_run.flaky', '7d', ['repo', 'workflow']), name: 'flaky, 7 days' },
    ],
    { empty: 'none counted' }
  ),
}
