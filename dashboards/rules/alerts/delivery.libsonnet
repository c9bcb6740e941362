// Has delivery become worse? By DORA's numbers, where there were enough deployments to tell.
local dd = import '../datadog.libsonnet';
local p = import '../promql.libsonnet';

local where = '{{ $labels.repo }} ({{ $labels.environment }})';
local two = 'it takes two conditions at once, which one monitor cannot have';

function(config, recording)
  local deployments(span) = recording.recorded(recording.events('delivery.deployment.completed') + span);
  local same = 'on (job, instance, collector, repo, environment)';
  local finished(span, least) =
    'sum by (job, instance, collector, repo, environment) (%s) >= %d' % [deployments(span), least];
  [
    {
      name: 'DeliveryChangeFailureHigh',
      title: 'Too many deployments fail',
      severity: 'ticket',
      owner: 'delivery',
      dashboard: 'executive',
      expr: |||
        %s > %g
        and %s
        %s
      ||| % [p.ofScopes('delivery.change_failure_ratio'), config.changeFailure, same, finished('30d', config.deployments30d)],
      'for': '6h',
      summary: '{{ $value | humanizePercentage }} of the deployments of %s fail' % where,
      description: 'Over the delivery window {{ $value | humanizePercentage }} of the deployments of %s failed or had to be remedied.' % where,
      action: 'Read them with `collect explain delivery.change_failure_ratio`; look for what they have in common.',
      datadog: dd.none(two + ': without a least number of deployments one failure of two would fire'),
    },
    {
      name: 'DeliveryLeadTimeUp',
      title: 'Changes take much longer to production than before',
      severity: 'info',
      owner: 'delivery',
      dashboard: 'executive',
      expr: |||
        %(now)s > %(factor)g * %(now)s offset 7d
        and %(same)s
        %(enough)s
      ||| % {
        now: p.quantile('delivery.lead_time', 'p50'),
        factor: config.leadTimeRise,
        same: same,
        enough: finished('7d', config.deployments7d),
      },
      'for': '6h',
      summary: 'The median change of %s takes {{ $value | humanizeDuration }} to be deployed' % where,
      description: 'The median lead time of %s is {{ $value | humanizeDuration }}, over %g times that of a week ago.' % [where, config.leadTimeRise],
      action: 'See where changes wait: review, merge queue, workflow, or the next deployment.',
      datadog: dd.none('a monitor compares with a day ago at most, and the windows of two days in a row are nearly the same'),
    },
    {
      name: 'DeliveryStopped',
      title: 'A repository that deployed regularly does not any more',
      severity: 'info',
      owner: 'delivery',
      dashboard: 'executive',
      expr: |||
        sum without (result, proxy) (%s) == 0
        and %s
        %s
      ||| % [deployments('7d') + '{result="success"}', same, finished('30d', config.deployments30d)],
      'for': '6h',
      summary: 'Nothing of %s was deployed for seven days' % where,
      description: 'No deployment of %s succeeded in the last seven days, though there were at least %d in 30.' % [where, config.deployments30d],
      action: 'See whether changes are waiting, and whether the deployment itself is broken.',
      datadog: dd.none(two),
    },
    {
      name: 'DeliveryDeploymentsFail',
      title: 'Deployments fail more often than they succeed',
      severity: 'ticket',
      owner: 'delivery',
      dashboard: 'operations',
      local day(result) = 'sum without (result, proxy) (%s{result="%s"})' % [deployments('1d'), result],
      expr: |||
        (%(failure)s >= 2)
        > (%(success)s or 0 * %(failure)s)
      ||| % { failure: day('failure'), success: day('success') },
      'for': '15m',
      summary: '{{ $value | humanize }} deployments of %s failed in a day, more than succeeded' % where,
      description: '{{ $value | humanize }} deployments of %s failed in the last day, and fewer succeeded.' % where,
      action: 'Stop deploying, and repair the deployment or go back to the last good one.',
      datadog: dd.count('delivery.deployment.completed', '>=', 2, ['repo', 'environment'], { result: 'failure' }) {
        title: 'Deployments fail',
        text: '{{value}} deployments of {{repo.name}} ({{environment.name}}) failed in the last day. (Whether more succeeded is told by Prometheus only.)',
      },
    },
  ]
