// From a spec to Prometheus' alert. A spec says, beside the expression: severity, owner, what happened in one line
// (`summary`) and in full, what to do first, the dashboard that shows it, and Datadog's query or why there is none.
local severities = ['page', 'ticket', 'info'];

local checked(spec, config) =
  if !std.member(severities, spec.severity) then error '%s: no severity %s' % [spec.name, spec.severity]
  else if !std.member(config.owners, spec.owner) then error '%s: no owner %s' % [spec.name, spec.owner]
  else spec;

{
  // The spec with its addresses.
  complete(given, config)::
    local spec = checked(given, config);
    spec {
      runbook_url: config.runbooks % spec.name,
      dashboard_url: '%s/d/quarterdeck-%s' % [config.dashboards, spec.dashboard],
    },

  rule(spec):: {
    alert: spec.name,
    expr: spec.expr,
    'for': spec['for'],
    labels: { severity: spec.severity, owner: spec.owner },
    annotations: {
      summary: spec.summary,
      description: spec.description,
      action: spec.action,
      runbook_url: spec.runbook_url,
      dashboard_url: spec.dashboard_url,
    },
  },
}
