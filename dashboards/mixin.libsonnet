// Everything that is rendered, by file name, as mixins have it; override `_config+::` for another house.
local header = import 'components/header.libsonnet';
local datadog = import 'lib/datadog.libsonnet';
local grafana = import 'lib/grafana.libsonnet';
local rules = import 'rules/main.jsonnet';
local explorer = import 'views/explorer.libsonnet';

local views = [
  import 'views/executive.libsonnet',
  import 'views/platform-health.libsonnet',
  import 'views/developer.libsonnet',
  import 'views/collectors.libsonnet',
  import 'views/operations.libsonnet',
] + [explorer.view(type) for type in explorer.types];

(import 'config.libsonnet') + {
  local config = self._config,
  local whole = [view { sections: [header.section(view, config)] + super.sections } for view in views],

  grafanaDashboards+:: { [view.slug + '.json']: grafana.dashboard(view, config) for view in whole },
  datadogDashboards+:: { [view.slug + '.json']: datadog.dashboard(view, config) for view in whole },

  local made = rules(config.rules),
  prometheusRules+:: { groups: made.recording },
  prometheusAlerts+:: { groups: made.alerts },
}
