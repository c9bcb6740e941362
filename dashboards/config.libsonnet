// What whoever uses the dashboards may override: `mixin { _config+:: { … } }`.
{
  _config+:: {
    // Labels that every query selects by a variable of the same name.
    selectors: ['instance', 'env'],
    // Further tags that a Datadog query can be narrowed by.
    datadogSelectors: ['env'],
    uidPrefix: 'quarterdeck-',
    titlePrefix: 'Quarterdeck / ',
    tags: ['quarterdeck'],
    refresh: '5m',
    timezone: 'browser',
    // What the rules and alerts want otherwise: thresholds, the addresses of runbooks and dashboards (rules/config.libsonnet).
    rules: {},
    // The label that marks what was not measured anywhere.
    simulated: { simulated: 'true' },
  },
}
