// What Prometheus computes ahead, for panels and alerts alike, and `series`: what each of them is.
local catalogue = import '../lib/catalogue.libsonnet';
local counting = import 'counting.libsonnet';
local defaults = import 'config.libsonnet';
local p = import 'promql.libsonnet';

// One rule and what a panel has to know of its series: of which metric, what was done to it (`stat`), the labels that
// tell its series apart beside `instance` and those of the settings, the span and the unit.
local recorded(name, expr, metric, stat, by, span=null, unit=null) = {
  name: name,
  rule: { record: name, expr: expr },
  about: {
    metric: catalogue.metric(metric).name,
    stat: stat,
    by: by,
    span: span,
    unit: if unit == null then catalogue.metric(metric).unit else unit,
  },
};

// Ranges are closed at both ends in Prometheus 2: without the last second, one evaluation too many would be in them.
local exactly = { '1d': '23h59m59s', '7d': '6d23h59m59s', '30d': '29d23h59m59s' };

local events(metric) = counting.events(catalogue.metric(metric));

local summed(metric, span) =
  local known = catalogue.metric(metric);
  local series = counting.events(known);
  recorded(series + span, 'sum_over_time(%s[%s])' % [series, exactly[span]], metric, 'count', counting.labels(known), span);

local ciCounts = [
  summed('github.workflow_run.completed', '1d'),
  summed('github.workflow_run.completed', '7d'),
  summed('github.workflow_run.flaky', '7d'),
];
local flowCounts = [
  summed('github.pull_request.merged', '7d'),
  summed('github.commit.landed', '7d'),
  summed('github.commit.unreviewed', '7d'),
];
local deliveryCounts = [summed('delivery.deployment.completed', span) for span in ['1d', '7d', '30d']];

// A ratio of sums, never an average of ratios, and nothing where there is nothing to divide by. What only ever failed
// has no series of successes: that is 0 of them.
local ratio(part, of) = |||
  (%(part)s or 0 * %(of)s)
  /
  (%(of)s > 0)
||| % { part: part, of: of };

local runs(span, where={}, more=[]) =
  local selected = catalogue.selected('github.workflow_run.completed', where);
  events(selected.name) + span + p.braces(p.matchers(where) + more);

local judged = ['success', 'failure'];
local successes(span, aggregate, where={}, more=[]) = ratio(
  '%s (%s)' % [aggregate, runs(span, where { conclusion: 'success' }, more)],
  '%s (%s)' % [aggregate, runs(span, where { conclusion: judged }, more)],
);

local ofOrganisation(series) = 'label_replace(%s, "org", "$1", "repo", "(.+)/[^/]+")' % series;
local owned = 'repo=~".+/.+"';
local make(config) =
  local teamed = '%s!=""' % config.team;
  local byOrganisation = 'sum by (instance, org)';
  local byTeam = 'sum by (instance, %s)' % config.team;

  local defaultBranch(span, conclusions) = runs(span, { branch: 'default', conclusion: conclusions }, [owned]);

  local ci = [
    recorded(
      'repo_workflow_branch:github_workflow_run_success:ratio%s' % span,
      successes(span, 'sum without (conclusion)'),
      'github.workflow_run.completed', 'success_ratio', ['repo', 'workflow', 'branch'], span, '1'
    )
    for span in ['1d', '7d']
  ] + [
    recorded(
      'repo:github_workflow_run_success:ratio7d',
      successes('7d', 'sum without (conclusion, workflow, branch)', { branch: 'default' }),
      'github.workflow_run.completed', 'success_ratio', ['repo'], '7d', '1'
    ),
    recorded(
      'org:github_workflow_run_success:ratio7d',
      ratio(
        '%s (%s)' % [byOrganisation, ofOrganisation(defaultBranch('7d', 'success'))],
        '%s (%s)' % [byOrganisation, ofOrganisation(defaultBranch('7d', judged))],
      ),
      'github.workflow_run.completed', 'success_ratio', ['org'], '7d', '1'
    ),
    recorded(
      'team:github_workflow_run_success:ratio7d',
      successes('7d', byTeam, { branch: 'default' }, [teamed]),
      'github.workflow_run.completed', 'success_ratio', [config.team], '7d', '1'
    ),
    recorded(
      'repo_workflow:github_workflow_run_flaky:ratio7d',
      ratio(
        events('github.workflow_run.flaky') + '7d',
        'sum without (conclusion, branch) (%s)' % runs('7d', { conclusion: judged }),
      ),
      'github.workflow_run.flaky', 'ratio', ['repo', 'workflow'], '7d', '1'
    ),
    recorded(
      'repo:github_default_branch_passing:share1d',
      'avg_over_time(%s[1d])' % p.ofScopes('github.default_branch.passing'),
      'github.default_branch.passing', 'share_of_time', ['repo'], '1d', '1'
    ),
  ];

  local deployments(span, where={}, more=[]) =
    local selected = catalogue.selected('delivery.deployment.completed', where);
    events(selected.name) + span + p.braces(p.matchers(where) + more);

  local delivery = [
    recorded(
      'repo_environment:delivery_deployment_completed:per_day7d',
      'sum without (result, proxy) (%s) / 7' % deployments('7d', { result: 'success' }),
      'delivery.deployment.completed', 'per_day', ['repo', 'environment'], '7d', '{deployment}/d'
    ),
    recorded(
      'org:delivery_deployment_completed:per_day7d',
      '%s (%s) / 7' % [byOrganisation, ofOrganisation(deployments('7d', { result: 'success' }, [owned]))],
      'delivery.deployment.completed', 'per_day', ['org'], '7d', '{deployment}/d'
    ),
    recorded(
      'team:delivery_deployment_completed:per_day7d',
      '%s (%s) / 7' % [byTeam, deployments('7d', { result: 'success' }, [teamed])],
      'delivery.deployment.completed', 'per_day', [config.team], '7d', '{deployment}/d'
    ),
  ];

  local flow = [
    recorded(
      'repo:github_commit_unreviewed:ratio7d',
      ratio(
        events('github.commit.unreviewed') + '7d',
        'sum without (author) (%s7d{author="human"})' % events(catalogue.selected('github.commit.landed', { author: 'human' }).name),
      ),
      'github.commit.unreviewed', 'ratio', ['repo'], '7d', '1'
    ),
  ];

  // Runs are 15 minutes apart, so no rate of good runs says anything about an hour. Time does: each minute is fresh or not,
  // and the share of minutes that were not is what a budget of staleness is spent by.
  local fresh = 'collector_shard:collector_run_fresh:bool';
  local stale(span) = 'collector_shard:collector_run_stale:ratio%s' % span;
  local ofCollector = ['collector', 'shard'];

  local freshness = [
    recorded(
      fresh,
      'time() - %s < bool (%d * %s)' % [
        p.gauge('collector.run.last_success'),
        config.freshIntervals,
        p.gauge('collector.run.schedule_interval'),
      ],
      'collector.run.last_success', 'fresh', ofCollector, unit='bool'
    ),
  ] + [
    recorded(
      stale(span), '1 - avg_over_time(%s[%s])' % [fresh, span], 'collector.run.last_success', 'stale_share', ofCollector, span, '1'
    )
    for span in ['45m', '1h', '2h', '6h', '1d', '3d']
  ] + [
    recorded(
      'collector_shard:collector_run_fresh:ratio30d',
      'avg_over_time(%s[30d])' % fresh,
      'collector.run.last_success', 'fresh_share', ofCollector, '30d', '1'
    ),
  ];

  local collectors = [
    recorded(
      'collector_shard_api:collector_api_budget_remaining:min1h',
      'min_over_time(%s[1h])' % p.gauge('collector.api.budget_remaining'),
      'collector.api.budget_remaining', 'min', ['collector', 'shard', 'api'], '1h'
    ),
  ];

  // Every count of the catalogue, by the first word of its name and its scope: one group each.
  local family(metric) = '%s-%s' % [std.split(metric.name, '.')[0], metric.scope];
  local counted = [catalogue.metrics[name] for name in std.objectFields(catalogue.metrics) if catalogue.metrics[name].kind == 'count'];
  local families = std.set([family(each) for each in counted]);
  local members(name) = [each for each in counted if family(each) == name];

  local group(name, interval, entries) = { name: name, interval: interval, rules: [each.rule for each in entries] };

  {
    groups: [
      { name: 'quarterdeck-events-%s' % each, interval: '5m', rules: counting.rules(members(each)) }
      for each in families
    ] + [
      // Within a group, rules run in order: first the counts, then what is made of them. What is read as an instant must
      // be written more often than the five minutes for which Prometheus looks back.
      group('quarterdeck-ci', '4m', ciCounts + ci),
      group('quarterdeck-delivery', '4m', deliveryCounts + delivery),
      group('quarterdeck-flow', '4m', flowCounts + flow),
      group('quarterdeck-collectors', '1m', freshness + collectors),
    ] + (
      if config.expected == [] then [] else [{
        name: 'quarterdeck-expected',
        interval: '1m',
        rules: [{ record: $.expected, expr: 'vector(1)', labels: each } for each in config.expected],
      }]
    ),

    // The collectors that should be there, one series each; whoever knows them writes it: `collect rules build`, the chart.
    expected: 'collector:quarterdeck_expected:bool',
    fresh: fresh,
    stale:: stale,

    // Of each recorded series by name: {metric, stat, by, span, unit}.
    series: {
      [each.name]: each.about
      for each in ciCounts + ci + deliveryCounts + delivery + flowCounts + flow + freshness + collectors
    } + {
      [counting.events(each)]: { metric: each.name, stat: 'events', by: counting.labels(each), span: null, unit: each.unit }
      for each in counted
    },

    // The series of events of this count, one number for each evaluation: `sum_over_time(<series>[span])` is the count of
    // any span, with a range that is a second shorter.
    events:: events,

    // The name of a recorded series, or the end of the build.
    recorded(name)::
      if std.objectHas($.series, name) then name else error 'no series is recorded as %s' % name,
    notes:: std.set([counting.noted(members(each)) for each in families]),
    known:: std.set([counting.known(members(each)) for each in families]),
  };

make(defaults._config) + { with(config):: make(config) }
