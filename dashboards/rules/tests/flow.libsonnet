// An hour a step: the spans are days.
local t = import 'lib.libsonnet';

local watermark = t.series('quarterdeck_counted_until_timestamp_seconds', t.data, '0+3600x900');
local unsharded = { [key]: t.data[key] for key in std.objectFields(t.data) if key != 'shard' };
local busy = t.data { repo: 'acme/busy' };

function(rules, config, recording) [
  t.test(
    'twelve stale pull requests are told of among twenty, and not among a hundred',
    [
      t.series('github_pull_request_stale', t.data, '12+0x40'),
      t.series('github_pull_request_open', t.data { author: 'human', draft: 'false' }, '15+0x40'),
      t.series('github_pull_request_open', t.data { author: 'bot', draft: 'false' }, '5+0x40'),
      t.series('github_pull_request_stale', busy, '12+0x40'),
      t.series('github_pull_request_open', busy { author: 'human', draft: 'false' }, '100+0x40'),
    ],
    alerts=[
      t.silent(rules.PullRequestsStale, '23h'),
      t.fires(
        rules.PullRequestsStale,
        '25h',
        t.data,
        '12 pull requests of acme/a are stale',
        '12 open pull requests of acme/a have not been updated for long, and they are over 30 % of those open.'
      ),
    ],
    interval='1h',
  ),
  t.test(
    'a pull request that has been open for sixty days is told of a day later',
    [t.series('github_pull_request_oldest_open_timestamp_seconds', t.data, '-5000000+0x100')],
    alerts=[
      t.silent(rules.PullRequestOldestOpen, '60h'),
      t.fires(
        rules.PullRequestOldestOpen,
        '80h',
        t.data,
        'The oldest pull request of acme/a is 61d 4h 53m 20s old',
        'The oldest open pull request of acme/a that is no draft was created 61d 4h 53m 20s ago.'
      ),
    ],
    interval='1h',
  ),
  t.test(
    'a low share of reviews is told of once ten were merged',
    [
      watermark,
      t.series('github_pull_request_review_coverage_ratio', t.data, '0.25+0x40'),
      t.series('github_pull_request_merged_total', t.data { author: 'human', method: 'merge' }, '0+1x40'),
    ],
    alerts=[
      t.silent(rules.PullRequestReviewCoverageLow, '9h'),
      t.fires(
        rules.PullRequestReviewCoverageLow,
        '20h',
        t.data,
        '25% of the merged pull requests of acme/a were reviewed',
        'Of the pull requests that people merged in acme/a, 25% had a review by somebody else.'
      ),
    ],
    interval='1h',
  ),
  t.test(
    'commits without a pull request are told of once ten landed',
    [
      watermark,
      t.series('github_commit_unreviewed_total', t.data, '0+1x40'),
      t.series('github_commit_landed_total', t.data { author: 'human' }, '0+2x40'),
    ],
    alerts=[
      t.silent(rules.CommitsUnreviewed, '4h'),
      t.fires(
        rules.CommitsUnreviewed,
        '20h',
        unsharded,
        '50% of the commits of acme/a had no pull request',
        'In the last seven days 50% of the commits that people landed in acme/a belonged to no pull request.'
      ),
    ],
    interval='1h',
  ),
]
