// DORA's five numbers, for each repository and for rollups of several.
local q = import '../lib/query.libsonnet';
local v = import '../lib/view.libsonnet';

local day = 86400;
local thresholds = {
  // A week and a month, a day and a week, and shares as in DORA's reports.
  lead: { warn: 7 * day, bad: 30 * day },
  recovery: { warn: day, bad: 7 * day },
  failure: { warn: 0.15, bad: 0.3 },
};
local by = ['repo', 'environment', 'proxy'];

local columns(of) = [
  { query: of(q.quantile('delivery.lead_time', 'p50')), name: 'lead time, median', thresholds: thresholds.lead },
  { query: of(q.value('delivery.change_failure_ratio')), name: 'change failure', thresholds: thresholds.failure },
  { query: of(q.quantile('delivery.recovery_time', 'p50')), name: 'recovery, median', thresholds: thresholds.recovery },
  { query: of(q.value('delivery.rework_ratio')), name: 'rework' },
  { query: of(q.quantile('delivery.deployment.interval', 'p50')), name: 'between deployments, median' },
];

{
  thresholds: thresholds,
  deployed: v.stat('Deployments, 30 days', q.count('delivery.deployment.completed', '30d'), { empty: 'no deployments counted' }),
  failed: v.stat(
    'Failed deployments, 30 days',
    q.count('delivery.deployment.completed', '30d', [], { result: 'failure' }),
    { description: 'Those whose own result is failure; the change failure ratio also knows those that had to be mended.', empty: 'no deployments counted' }
  ),
  byRepository: v.table(
    'Delivery by repository',
    [{ query: q.count('delivery.deployment.completed', '30d', by), name: 'deployments, 30 days' }] + columns(function(x) x),
    { description: 'Medians and shares of each repository, by what deployments are known from.', empty: 'no deployments in the window' }
  ),
  byRollup: v.table(
    'Delivery by rollup',
    columns(q.ofRollups),
    {
      description: 'The same over all repositories of a rollup together, which are more than the mean of their medians.',
      empty: 'the settings have no rollup, or nothing was deployed',
    }
  ),
  perDay: v.bars('Deployments per day', q.count('delivery.deployment.completed', '1d', ['result']), { empty: 'no deployments counted' }),
  aDay: v.lines(
    'Deployments a day, over 7 days', q.recorded('repo_environment:delivery_deployment_completed:per_day7d'), { empty: 'no deployments counted' }
  ),
  aDayOfTeams: v.lines(
    'Deployments a day of teams, over 7 days',
    q.recorded('team:delivery_deployment_completed:per_day7d'),
    { empty: 'the settings give no team, or no deployments counted' }
  ),
  aDayOfOrganisations: v.lines(
    'Deployments a day of organisations, over 7 days',
    q.recorded('org:delivery_deployment_completed:per_day7d'),
    { empty: 'no deployments counted' }
  ),
  leadTime: v.lines(
    'Lead time, median',
    { query: q.quantile('delivery.lead_time', 'p50'), thresholds: thresholds.lead },
    { empty: 'no deployments in the window' }
  ),
  changeFailure: v.lines(
    'Change failure ratio',
    { query: q.value('delivery.change_failure_ratio'), thresholds: thresholds.failure },
    { empty: 'no deployments in the window', full: true }
  ),
  recovery: v.lines(
    'Recovery time, median',
    { query: q.quantile('delivery.recovery_time', 'p50'), thresholds: thresholds.recovery },
    { empty: 'nothing failed and recovered in the window' }
  ),
  rework: v.lines('Rework ratio', q.value('delivery.rework_ratio'), { empty: 'no successful deployments in the window', full: true }),
  interval: v.lines(
    'Between deployments, median', q.quantile('delivery.deployment.interval', 'p50'), { empty: 'fewer than two deployments' }
  ),
}
