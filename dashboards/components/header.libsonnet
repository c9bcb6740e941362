// What every dashboard begins with: whom it is for, and how far its numbers can be believed.
local q = import '../lib/query.libsonnet';
local v = import '../lib/view.libsonnet';

local simulated(config) = v.stat(
  'Simulated data',
  { query: q.labelled(q.sum('collector.build.info'), config.simulated), steps: [['green', null], ['orange', 1]] },
  {
    description: 'Runs whose settings tag them as simulated. Numbers of theirs are among those below.',
    empty: 'none marked',
    says: 'SIMULATED DATA',
  }
);

local freshness = v.stat(
  'Last success, the oldest',
  { query: q.oldest('collector.run.last_success'), thresholds: { warn: 1800, bad: 2700 } },
  { description: 'Numbers are looked at anew with each run, every 15 minutes by default. Yellow: two runs are missing; red: three.' }
);

local coverage = v.stat(
  'Lowest coverage',
  { query: q.min('collector.run.coverage'), thresholds: { warn: 1, bad: 0.9 } },
  { description: 'What could not be read is missing below, not zero.' }
);

local marked = v.table(
  'Not measured',
  { query: q.sum('quarterdeck.basis', ['metric', 'basis']), name: 'scopes' },
  {
    description: 'Of every environment and team, whichever is chosen.',
    height: 4,
    weight: 2,
    empty: 'every number is measured',
  }
);

{
  section(view, config):: v.section('', [[
    v.note('**%s**\n\nFor %s. %s' % [view.title, view.audience, view.description]) + { height: 4, weight: 2 },
    simulated(config),
    freshness,
    coverage,
    marked,
  ]]),
}
