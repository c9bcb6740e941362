// Alertmanager: who hears of what, and what is silent while something worse explains it.
local severities = ['page', 'ticket', 'info'];

// Of one severity: how long alerts are gathered, and when they are told again.
local pace = {
  page: { group_wait: '30s', group_interval: '5m', repeat_interval: '4h' },
  ticket: { group_wait: '5m', group_interval: '30m', repeat_interval: '1d' },
  info: { group_wait: '30m', group_interval: '6h', repeat_interval: '7d' },
};

local receiver(severity, owner) = '%s-%s' % [severity, owner];

// Placeholders: a receiver without an integration takes alerts and tells nobody. Put yours in its place.
function(config, stalenessAlerts)
  local gatewayDown = ['alertname="PushgatewayDown"', 'job="%s"' % config.gatewayJob];
  {
    config: {
      route: {
        receiver: receiver('ticket', config.owners[0]),
        group_by: ['alertname', 'instance', 'collector', 'repo'],
        routes: [
          pace[severity] {
            matchers: ['severity="%s"' % severity],
            receiver: receiver(severity, config.owners[0]),
            routes: [
              { matchers: ['owner="%s"' % owner], receiver: receiver(severity, owner) }
              for owner in config.owners
            ],
          }
          for severity in severities
        ],
      },
      inhibit_rules: [
        // Without the gateway everything is stale, and nothing of it is news. Its job tells ours from another's; there is no
        // label that both sides have: the gateway's instance is its address.
        {
          source_matchers: gatewayDown,
          target_matchers: ['alertname=~"%s"' % std.join('|', stalenessAlerts)],
        },
        {
          source_matchers: ['alertname="QuarterdeckNothingScraped"'],
          target_matchers: ['alertname=~"%s"' % std.join('|', stalenessAlerts)],
        },
        {
          source_matchers: gatewayDown,
          target_matchers: ['alertname="QuarterdeckNothingScraped"'],
        },
        // What a collector in trouble says less urgently, and what its frozen numbers say, waits; another shard's numbers
        // are not frozen. `collector` must be there: two alerts without the label would count as equal.
        {
          source_matchers: ['alertname=~"Quarterdeck.+"', 'severity="page"', 'collector!=""'],
          target_matchers: ['severity=~"ticket|info"'],
          equal: ['instance', 'collector', 'shard'],
        },
      ],
      receivers: [{ name: receiver(severity, owner) } for severity in severities for owner in config.owners],
    },

    // For each severity and owner, and for what has neither: the receiver that must hear of it.
    expected: [
      { labels: { severity: severity, owner: owner }, receiver: receiver(severity, owner) }
      for severity in severities
      for owner in config.owners
    ] + [
      { labels: { severity: severity }, receiver: receiver(severity, config.owners[0]) }
      for severity in severities
    ] + [{ labels: {}, receiver: receiver('ticket', config.owners[0]) }],
  }
