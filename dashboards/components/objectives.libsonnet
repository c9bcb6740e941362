// How what the settings promise stands.
local q = import '../lib/query.libsonnet';
local v = import '../lib/view.libsonnet';

// Two collectors may judge the same objective of the same repository.
local by = ['objective', 'repo', 'rollup', 'collector'];
local none = 'the settings have no objective, or nothing to judge';
local score = { warn: 0.7, bad: 0.3 };
local budget = { warn: 0.25, bad: 0 };

{
  missed: v.stat(
    'Objectives missed now',
    { query: q.untrue('objective.met') { free+: ['rollup'] }, thresholds: { warn: 1, bad: 3 } },
    { description: 'Counted over every objective and scope that can be judged.', empty: none }
  ),
  lowestBudget: v.stat(
    'Least error budget left',
    { query: q.min('objective.budget_remaining'), thresholds: budget },
    { empty: 'no objective of events' }
  ),
  standing: v.table(
    'Objectives',
    [
      { query: q.value('objective.score', by), name: 'score', thresholds: score },
      { query: q.value('objective.met', by), name: 'met' },
      { query: q.value('objective.value', by), name: 'value' },
      { query: q.value('objective.target', by), name: 'target' },
      { query: q.value('objective.compliance', by), name: 'compliance' },
      { query: q.value('objective.budget_remaining', by), name: 'budget left', thresholds: budget },
      { query: q.value('objective.burn', by, { window: '7d' }), name: 'burn, 7 days' },
    ],
    { description: 'Value and target are in the unit of what the objective is about.', empty: none }
  ),
  health: v.grid(
    'Health of seven days',
    { query: q.value('objective.score', by), thresholds: score },
    { description: 'A cell for each quarter of a day: green from 0.7, yellow from 0.3.', empty: none }
  ),
  budgets: v.lines(
    'Error budget left',
    { query: q.value('objective.budget_remaining', by), thresholds: budget },
    { empty: 'no objective of events' }
  ),
}
