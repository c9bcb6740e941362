local runs = import '../components/runs.libsonnet';
local v = import '../lib/view.libsonnet';

{
  slug: 'collectors',
  title: 'Collectors',
  audience: 'those who look after a collector',
  description: 'Every collector as a worker: when it last succeeded, how long it takes and what it submits.',
  range: '24h',
  refresh: '5m',
  variables: ['collector'],
  sections: [
    v.section('Workers', [
      [runs.workers],
      [runs.timeline { weight: 2 }, runs.releases],
    ]),
    v.section('Runs', [
      [runs.duration, runs.samples, runs.coverage],
    ]),
    v.section('Sources', [
      [runs.requests, runs.budget, runs.retries],
    ]),
    v.section('Sinks', [
      [runs.submission, runs.series, runs.payload, runs.rejected],
    ]),
  ],
}
