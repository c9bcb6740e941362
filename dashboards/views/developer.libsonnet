local ci = import '../components/ci.libsonnet';
local code = import '../components/code.libsonnet';
local pulls = import '../components/pull_requests.libsonnet';
local v = import '../lib/view.libsonnet';

{
  slug: 'developer',
  title: 'Developer',
  audience: 'the teams that write the code',
  description: 'What waits for whom, how long changes take, and which workflow is in the way.',
  range: '7d',
  refresh: '5m',
  variables: ['repo', 'team'],
  sections: [
    v.section('Pull requests', [
      [pulls.open, pulls.awaiting, pulls.oldest, pulls.stale, pulls.conflicting, pulls.merged],
      [pulls.byRepository, pulls.flow],
      [pulls.perDay, pulls.timeToMerge, pulls.size],
    ]),
    v.section('Reviews', [
      [pulls.states, pulls.firstReview, pulls.firstReviewSlow],
      [pulls.reviewCoverage, pulls.rounds, pulls.comments],
    ]),
    v.section('CI by workflow', [
      [ci.byWorkflow { weight: 2 }, ci.trouble],
      [ci.inARow, ci.median, pulls.checks],
    ]),
    v.section('Code', [
      [code.landed, code.unplanned, code.people],
      [code.gitLanded, code.gitLines, code.timeToLand],
    ]),
  ],
}
