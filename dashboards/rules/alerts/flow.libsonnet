// Do changes flow? For information: nobody is called for a pull request.
local dd = import '../datadog.libsonnet';
local p = import '../promql.libsonnet';

local where = '{{ $labels.repo }}';

function(config, recording) [
  {
    name: 'PullRequestsStale',
    title: 'Many pull requests are stale',
    severity: 'info',
    owner: 'developers',
    dashboard: 'developer',
    expr: |||
      %(stale)s >= %(least)d
      and on (job, instance, collector, repo)
      sum by (job, instance, collector, repo) (%(stale)s)
      > %(share)g * sum by (job, instance, collector, repo) (%(open)s)
    ||| % {
      stale: p.ofScopes('github.pull_request.stale'),
      open: p.ofScopes('github.pull_request.open'),
      least: config.stalePullRequests,
      share: config.staleShare,
    },
    'for': '1d',
    summary: '{{ $value | humanize }} pull requests of %s are stale' % where,
    description: '{{ $value | humanize }} open pull requests of %s have not been updated for long, and they are over %g %% of those open.' % [where, 100 * config.staleShare],
    action: 'Close or finish them; `collect explain github.pull_request.stale` lists them.',
    datadog: dd.gauge('github.pull_request.stale', '>=', config.stalePullRequests, ['repo'], window='1d'),
  },
  {
    name: 'PullRequestOldestOpen',
    title: 'A pull request has been open for long',
    severity: 'info',
    owner: 'developers',
    dashboard: 'developer',
    expr: 'time() - %s > %d' % [p.ofScopes('github.pull_request.oldest_open'), config.oldestPullRequest],
    'for': '1d',
    summary: 'The oldest pull request of %s is {{ $value | humanizeDuration }} old' % where,
    description: 'The oldest open pull request of %s that is no draft was created {{ $value | humanizeDuration }} ago.' % where,
    action: 'Decide it; `collect explain github.pull_request.oldest_open` names it.',
    datadog: dd.gauge('github.pull_request.oldest_open', '>', config.oldestPullRequest, ['repo'], window='1d'),
  },
  {
    name: 'PullRequestReviewCoverageLow',
    title: 'Few merged pull requests were reviewed',
    severity: 'info',
    owner: 'developers',
    dashboard: 'developer',
    expr: |||
      %s < %g
      and on (job, instance, collector, repo)
      sum by (job, instance, collector, repo) (%s) >= %d
    ||| % [
      p.ofScopes('github.pull_request.review_coverage'),
      config.reviewCoverage,
      recording.recorded(recording.events('github.pull_request.merged') + '7d')
      + p.braces(p.matchers({ author: 'human' })),
      config.merged7d,
    ],
    'for': '6h',
    summary: '{{ $value | humanizePercentage }} of the merged pull requests of %s were reviewed' % where,
    description: 'Of the pull requests that people merged in %s, {{ $value | humanizePercentage }} had a review by somebody else.' % where,
    action: 'Require a review on the default branch, or agree which changes need none.',
    datadog: dd.none('it takes a least number of merged pull requests beside the share, which one monitor cannot have'),
  },
  {
    name: 'CommitsUnreviewed',
    title: 'Commits land without a pull request',
    severity: 'info',
    owner: 'developers',
    dashboard: 'developer',
    expr: |||
      %s > %g
      and on (job, instance, collector, repo)
      sum by (job, instance, collector, repo) (%s) >= %d
    ||| % [
      recording.recorded('repo:github_commit_unreviewed:ratio7d'),
      config.unreviewedShare,
      recording.recorded(recording.events('github.commit.landed') + '7d')
      + p.braces(p.matchers({ author: 'human' })),
      config.landed7d,
    ],
    'for': '6h',
    summary: '{{ $value | humanizePercentage }} of the commits of %s had no pull request' % where,
    description: 'In the last seven days {{ $value | humanizePercentage }} of the commits that people landed in %s belonged to no pull request.' % where,
    action: 'Protect the default branch, or agree who may push to it.',
    datadog: dd.none('it takes a least number of commits beside the share, which one monitor cannot have'),
  },
]
