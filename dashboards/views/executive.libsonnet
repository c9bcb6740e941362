local ci = import '../components/ci.libsonnet';
local delivery = import '../components/delivery.libsonnet';
local objectives = import '../components/objectives.libsonnet';
local v = import '../lib/view.libsonnet';

{
  slug: 'executive',
  title: 'Executive',
  audience: 'those who answer for delivery',
  description: 'How fast and how safely changes reach users, and whether it holds what was promised.',
  range: '30d',
  refresh: '15m',
  variables: ['repo', 'team', 'rollup'],
  sections: [
    v.section('Now', [
      [delivery.deployed, delivery.failed, objectives.missed, objectives.lowestBudget],
      [delivery.byRollup],
      [delivery.byRepository],
    ]),
    v.section('Objectives', [
      [objectives.health, objectives.standing { weight: 2 }],
    ]),
    v.section('Trend', [
      [delivery.aDay, delivery.aDayOfTeams, delivery.aDayOfOrganisations],
      [delivery.perDay, delivery.leadTime, delivery.changeFailure],
      [delivery.recovery, delivery.rework, delivery.interval],
    ]),
    v.section('Continuous integration', [
      [ci.byRepository, ci.byTeam, ci.byOrganisation],
    ]),
  ],
}
