local t = import 'lib.libsonnet';

local up(values, job='pushgateway') = t.series('up', { job: job, instance: 'gateway:9091' }, values);
local ran(values) = t.series('collector_run_last_run_timestamp_seconds', t.health, values);
local pushed(values) = t.series('push_time_seconds', t.data, values);
local refused(values) = t.series('push_failure_time_seconds', t.data, values);
local counted(values) = t.series('quarterdeck_counted_until_timestamp_seconds', t.data, values);

local nothing = {
  summary: 'Prometheus has no series of any collector',
  description: 'For 30 minutes Prometheus has had no run of any collector: the Pushgateway is not scraped, or nobody pushes to it.',
};

function(rules, config, recording) [
  t.test(
    'a gateway that is down is told of, and no longer once it is back',
    [up('1+0x29 0+0x29 1+0x60')],
    alerts=[
      t.silent(rules.PushgatewayDown, '29m'),
      t.fires(
        rules.PushgatewayDown,
        '36m',
        { job: 'pushgateway', instance: 'gateway:9091' },
        'Prometheus cannot scrape the Pushgateway',
        'Prometheus has not been able to scrape the Pushgateway at gateway:9091 for five minutes. All numbers are gone until it is back; runs fail meanwhile and count later.'
      ),
      t.silent(rules.PushgatewayDown, '61m'),
    ],
  ),
  t.test(
    'the gateway of somebody else is not ours',
    [up('0+0x60', job='billing-pushgateway')],
    alerts=[t.silent(rules.PushgatewayDown, '36m')],
  ),
  t.test(
    'a Prometheus that scrapes nothing at all says so',
    [],
    alerts=[
      t.silent(rules.QuarterdeckNothingScraped, '29m'),
      t.fires(rules.QuarterdeckNothingScraped, '31m', {}, nothing.summary, nothing.description),
    ],
  ),
  t.test(
    'a Prometheus that scrapes an empty gateway says so too, until a run pushes',
    [up('1+0x120'), ran('_x60 3600+60x60')],
    alerts=[
      t.fires(rules.QuarterdeckNothingScraped, '45m', {}, nothing.summary, nothing.description),
      t.silent(rules.QuarterdeckNothingScraped, '61m'),
    ],
  ),
  t.test(
    'a push that the gateway refused is told of until one is taken',
    [
      pushed('0+0x14 900+0x44 3600+0x30'),
      refused('0+0x29 1800+0x60'),
    ],
    alerts=[
      t.silent(rules.PushgatewayRefusedPush, '45m'),
      t.fires(
        rules.PushgatewayRefusedPush,
        '51m',
        t.data,
        'The last push of github (instance prod, shard 0) was refused',
        'The Pushgateway refused the last push of github to quarterdeck: most often another group holds a metric of the same name and another type.'
      ),
      t.silent(rules.PushgatewayRefusedPush, '61m'),
    ],
  ),
  t.test(
    'a gateway that lost its data is told of until the next run, one that is down is not',
    [up('1+0x59 0+0x9 1+0x120'), counted('900+0x29 stale _x14 3600+0x14 stale _x60')],
    alerts=[
      t.silent(rules.PushgatewayLostData, '29m'),
      t.fires(
        rules.PushgatewayLostData,
        '33m',
        { instance: 'prod', collector: 'github', shard: '0' },
        'The Pushgateway no longer has the totals of github (instance prod, shard 0)',
        'The group of github (instance prod, shard 0) was in the Pushgateway within the hour and is gone. The next run starts its totals at 0: recorded counts stay right, a bare increase() does not.'
      ),
      t.silent(rules.PushgatewayLostData, '46m'),
      t.silent(rules.PushgatewayLostData, '66m'),
    ],
  ),
]
