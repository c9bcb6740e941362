local runs = import '../components/runs.libsonnet';
local v = import '../lib/view.libsonnet';

{
  slug: 'platform-health',
  title: 'Platform health',
  audience: 'those who run Quarterdeck',
  description: 'Whether the numbers on the other dashboards are there, fresh and whole.',
  range: '24h',
  refresh: '5m',
  variables: ['collector'],
  sections: [
    v.section('Now', [
      [runs.reporting, runs.failed, runs.partial],
      [runs.overdue, runs.timeline { weight: 2 }],
    ]),
    v.section('Freshness', [
      [runs.age, runs.fresh, runs.skew],
      [runs.newest, runs.reading],
    ]),
    v.section('Coverage', [
      [runs.coverage, runs.metricCoverage, runs.gap],
    ]),
    v.section('Budgets', [
      [runs.budget, runs.requests, runs.cached],
    ]),
    v.section('Errors', [
      [runs.failures, runs.rejected, runs.retries, runs.late],
    ]),
  ],
}
