// Are the objectives of the settings met?
local dd = import '../datadog.libsonnet';
local p = import '../promql.libsonnet';

local which = '{{ $labels.objective }}{{ with $labels.repo }} of {{ . }}{{ end }}{{ with $labels.rollup }} of {{ . }}{{ end }}';

function(config, recording)
  // The same factors and windows as the objectives' own judgement: `burns` comes from there.
  local burning(each) = {
    local rate(window) = p.gauge('objective.burn', { window: window }),
    name: 'ObjectiveBurn%s' % (std.asciiUpper(each.name[0]) + each.name[1:]),
    title: 'An error budget burns (%s)' % each.name,
    severity: each.severity,
    owner: 'delivery',
    dashboard: 'executive',
    expr: |||
      %s > %g
      and ignoring (window)
      %s > %g
    ||| % [rate(each.long), each.factor, rate(each.short), each.factor],
    'for': '30m',
    summary: 'The budget of %s burns {{ $value | humanize }} times too fast' % which,
    description: 'Over %s the error budget of the objective %s burned {{ $value | humanize }} times as fast as it lasts, and still does over %s.' % [each.long, which, each.short],
    action: 'Find the events that were not good: `collect explain` with the objective\'s metric.',
    datadog: dd.gauge('objective.burn', '>', each.factor, ['objective'], { window: each.long }, window='1h', time='min', space='max') {
      text: 'Over %s the error budget of the objective {{objective.name}} burned {{value}} times as fast as it lasts, in at least one scope. (Whether it still does is told by Prometheus only.)' % each.long,
    },
  };
  [
    {
      name: 'ObjectiveMissed',
      title: 'An objective has been missed for six hours',
      severity: 'info',
      owner: 'delivery',
      dashboard: 'executive',
      expr: '%s == 0' % p.newest(p.gauge('objective.met'), config),
      'for': '6h',
      summary: 'The objective %s is missed' % which,
      description: 'The objective %s has not been met at any time in the last six hours.' % which,
      action: 'See its value and target with `collect objectives`, and what is behind it with `collect explain`.',
      datadog: dd.gauge('objective.met', '<', 1, ['objective'], window='6h', time='max', space='min') {
        text: 'The objective {{objective.name}} has not been met in some scope at any time in the last six hours.',
      },
    },
  ] + [burning(each) for each in config.burns]
