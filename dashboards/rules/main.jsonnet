// Everything that follows from the specs. `given` overrides the configuration.
local alert = import 'alert.libsonnet';
local datadog = import 'datadog.libsonnet';
local recorded = import 'recording.libsonnet';
local routing = import 'routing.libsonnet';

local files = {
  collectors: import 'alerts/collectors.libsonnet',
  gateway: import 'alerts/gateway.libsonnet',
  ci: import 'alerts/ci.libsonnet',
  delivery: import 'alerts/delivery.libsonnet',
  flow: import 'alerts/flow.libsonnet',
  objectives: import 'alerts/objectives.libsonnet',
};
local scenarios = {
  events: import 'tests/events.libsonnet',
  recording: import 'tests/recording.libsonnet',
  collectors: import 'tests/collectors.libsonnet',
  freshness: import 'tests/freshness.libsonnet',
  gateway: import 'tests/gateway.libsonnet',
  returning: import 'tests/returning.libsonnet',
  ci: import 'tests/ci.libsonnet',
  delivery: import 'tests/delivery.libsonnet',
  trends: import 'tests/trends.libsonnet',
  flow: import 'tests/flow.libsonnet',
  objectives: import 'tests/objectives.libsonnet',
};

function(given={})
  local config = (import 'config.libsonnet')._config + given;
  local recording = recorded.with(config);
  local specs = {
    [file]: [alert.complete(spec, config) for spec in files[file](config, recording)]
    for file in std.objectFields(files)
  };
  local all = std.flattenArrays([specs[file] for file in std.objectFields(specs)]);
  local routes = routing(config, [
    spec.name
    for spec in all
    if std.member(['QuarterdeckCollectorMissing', 'PushgatewayLostData'], spec.name)
       || std.member(['QuarterdeckCollectorStale', 'QuarterdeckCollectorNeverSucceeded'], spec.name)
       || std.startsWith(spec.name, 'QuarterdeckFreshness')
  ]);
  {
    recording: recording.groups,
    series: recording.series,
    alerts: [
      { name: 'quarterdeck-%s-alerts' % file, interval: '1m', rules: [alert.rule(spec) for spec in specs[file]] }
      for file in std.objectFields(specs)
    ],
    specs: [
      { [key]: spec[key] for key in std.objectFields(spec) if !std.member(['expr', 'datadog'], key) }
      + { expr: spec.expr, monitor: if std.objectHas(spec.datadog, 'none') then null else spec.datadog.query, unmonitored: std.get(spec.datadog, 'none') }
      for spec in all
    ],
    monitors: {
      [spec.name]: datadog.monitor(spec, config)
      for spec in all
      if !std.objectHas(spec.datadog, 'none')
    },
    alertmanager: routes.config,
    routes: routes.expected,
    tests: {
      [file]: scenarios[file]({ [spec.name]: alert.rule(spec) for spec in all }, config, recording)
      for file in std.objectFields(scenarios)
    },
  }
