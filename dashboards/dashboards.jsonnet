// The dashboards as plain data, under this configuration.
function(config={})
  local mixin = (import 'mixin.libsonnet') { _config+:: config };
  { grafana: mixin.grafanaDashboards, datadog: mixin.datadogDashboards }
