// An hour a step: the spans are days.
local t = import 'lib.libsonnet';

local watermark = t.series('quarterdeck_counted_until_timestamp_seconds', t.data, '0+3600x900');
local unsharded = { [key]: t.data[key] for key in std.objectFields(t.data) if key != 'shard' };
local production = { environment: 'production' };
local proxied = production { proxy: 'deployment' };
local deployed(result, values, labels=t.data) =
  t.series('delivery_deployment_completed_total', labels + proxied { result: result }, values);

function(rules, config, recording) [
  t.test(
    'a ratio of failures is judged once there are ten deployments',
    [watermark, deployed('success', '0+1x40'), t.series('delivery_change_failure_ratio', t.data + proxied, '0.4+0x40')],
    alerts=[
      t.silent(rules.DeliveryChangeFailureHigh, '12h'),
      t.fires(
        rules.DeliveryChangeFailureHigh,
        '20h',
        t.data + proxied,
        '40% of the deployments of acme/a (production) fail',
        'Over the delivery window 40% of the deployments of acme/a (production) failed or had to be remedied.'
      ),
    ],
    interval='1h',
  ),
  t.test(
    'two failures are told of where nothing succeeds, and not where more succeeds',
    [
      watermark,
      deployed('failure', '0+1x10'),
      t.series('quarterdeck_counted_until_timestamp_seconds', t.data { repo: 'acme/b' }, '0+3600x10'),
      deployed('failure', '0+1x10', t.data { repo: 'acme/b' }),
      deployed('success', '0+2x10', t.data { repo: 'acme/b' }),
    ],
    alerts=[
      t.silent(rules.DeliveryDeploymentsFail, '2h'),
      t.fires(
        rules.DeliveryDeploymentsFail,
        '3h',
        unsharded + production,
        '3 deployments of acme/a (production) failed in a day, more than succeeded',
        '3 deployments of acme/a (production) failed in the last day, and fewer succeeded.'
      ),
    ],
    interval='1h',
  ),
]
