// A minute a step, as in production.
local t = import 'lib.libsonnet';

local success = 'collector_run_last_success_timestamp_seconds';
local ran = 'collector_run_last_run_timestamp_seconds';
local interval = t.series('collector_run_schedule_interval_seconds', t.health, '900+0x5000');
local who = 'github (instance prod, shard 0)';
// Runs every quarter of an hour that succeed until the `last`th minute.
local until(last) = std.join(' ', ['%d+0x14' % (900 * run) for run in std.range(0, std.floor(last / 15))] + ['%d+0x5000' % (60 * last)]);

function(rules, config, recording) [
  t.test(
    'a collector that stops becomes stale, and its minutes are no longer fresh',
    [interval, t.series(success, t.health, until(30))],
    alerts=[
      t.silent(rules.QuarterdeckCollectorStale, '79m'),
      t.fires(
        rules.QuarterdeckCollectorStale,
        '82m',
        t.health,
        '%s last succeeded 52m 0s ago' % who,
        'The collector %s last delivered data 52m 0s ago. Its numbers are frozen at that time.' % who
      ),
      t.silent(rules.QuarterdeckFreshnessBurnFast, '60m'),
      t.fires(
        rules.QuarterdeckFreshnessBurnFast,
        '75m',
        t.health,
        '%s was stale for 26.23%% of the time lately' % who,
        '%s spends its budget of staleness (1 %% of 30 days) so fast that it is gone within days: it was stale for 26.23%% of the last hours.' % who
      ),
    ],
    values=[
      t.records('collector_shard:collector_run_fresh:bool', t.health, '59m', 1),
      t.records('collector_shard:collector_run_fresh:bool', t.health, '60m', 0),
    ] + [
      // Fresh until the 59th minute: 16 of the last 46 samples, 16 of 61, and of all 76 where the range is longer.
      t.gives('round(collector_shard:collector_run_stale:ratio%s, 0.0001)' % each[0], '75m', [[t.named('', t.health), each[1]]])
      for each in [['45m', 0.3478], ['1h', 0.2623], ['2h', 0.2105], ['6h', 0.2105], ['1d', 0.2105], ['3d', 0.2105]]
    ] + [
      t.gives('round(collector_shard:collector_run_fresh:ratio30d, 0.0001)', '75m', [[t.named('', t.health), 0.7895]]),
    ],
  ),
  t.test(
    'a gateway that loses its data while every run fails does not end the page, and one that is pruned does',
    [t.series('collector_run_schedule_interval_seconds', t.health, '900+0x150 stale'), t.series(success, t.health, '0+0x90 stale')],
    alerts=[
      t.fires(
        rules.QuarterdeckCollectorStale,
        '2h',
        t.health,
        '%s last succeeded 2h 0m 0s ago' % who,
        'The collector %s last delivered data 2h 0m 0s ago. Its numbers are frozen at that time.' % who
      ),
      t.silent(rules.QuarterdeckCollectorStale, '3h'),
    ],
  ),
  t.test(
    'a collector that fails in all of its first three intervals pages, though it has no last success',
    [
      interval,
      t.series(ran, t.health, '0+0x14 900+0x14 1800+0x14 2700+0x14 3600+0x60'),
      t.series('collector_run_outcome', t.health { outcome: 'failed' }, '1+0x120'),
    ],
    alerts=[
      t.silent(rules.QuarterdeckCollectorNeverSucceeded, '49m'),
      t.fires(
        rules.QuarterdeckCollectorNeverSucceeded,
        '52m',
        t.health,
        '%s has run for 52m 0s and never succeeded' % who,
        'The first run of %s that Prometheus knows of was 52m 0s ago. The last one failed, and no success is known: there are no numbers of it.' % who
      ),
      t.silent(rules.QuarterdeckCollectorStale, '52m'),
    ],
  ),
  t.test(
    'a collector that succeeded at last, or whose success the gateway has lost today, is not one that never did',
    [
      interval,
      t.series(ran, t.health, '0+60x120'),
      t.series('collector_run_outcome', t.health { outcome: 'failed' }, '1+0x29 0+0x9 1+0x120'),
      t.series(success, t.health, '_x30 1800+0x9 stale'),
    ],
    alerts=[t.silent(rules.QuarterdeckCollectorNeverSucceeded, at) for at in ['35m', '60m', '110m']],
  ),
]
