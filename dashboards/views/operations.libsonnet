local ci = import '../components/ci.libsonnet';
local delivery = import '../components/delivery.libsonnet';
local v = import '../lib/view.libsonnet';

{
  slug: 'operations',
  title: 'Operations',
  audience: 'whoever is on duty',
  description: 'What runs now, what waits, what fails, and what was deployed.',
  range: '24h',
  refresh: '5m',
  variables: ['repo', 'team'],
  sections: [
    v.section('Now', [
      [ci.running, ci.queued, ci.waiting, ci.oldest, ci.failing],
      [ci.active, ci.activeByRepository],
    ]),
    v.section('Success and failure', [
      [ci.success1d, ci.success7d],
      [ci.perHour, ci.inARow],
      [ci.passing, ci.branches, ci.passingShare],
    ]),
    v.section('Durations', [
      [ci.slow, ci.queueing, ci.runners],
    ]),
    v.section('Deployments', [
      [delivery.deployed, delivery.failed],
      [delivery.perDay, delivery.changeFailure],
    ]),
  ],
}
