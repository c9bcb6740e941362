// Words for promtool's tests. A quarter of an hour is one run; a scrape is a minute unless a test says otherwise.
// Strings are added, not formatted: there are thousands, and that takes a hundred times as long.
local quoted(labels) = std.join(',', [name + '="' + labels[name] + '"' for name in std.objectFields(labels)]);

{
  // Labels as the Pushgateway gives them.
  data: { job: 'quarterdeck', instance: 'prod', collector: 'github', shard: '0', repo: 'acme/a' },
  health: { job: 'quarterdeck-health', instance: 'prod', collector: 'github', shard: '0' },

  named(name, labels={}):: name + '{' + quoted(labels) + '}',
  series(name, labels, values):: { series: $.named(name, labels), values: values },

  // One value for each run, scraped every minute until the next: null where there is no series, 'gone' where it vanishes.
  runs(values):: std.join(' ', [
    if value == null then '_x15' else if value == 'gone' then 'stale _x14' else value + '+0x14'
    for value in values
  ]),

  gives(expr, at, samples):: {
    expr: expr,
    eval_time: at,
    exp_samples: [{ labels: sample[0], value: sample[1] } for sample in samples],
  },
  // The same for one series that is recorded under its own name.
  records(name, labels, at, value):: $.gives($.named(name, labels), at, [[$.named(name, labels), value]]),

  // An alert that fires once, with these labels, and says this.
  fires(rule, at, labels, summary, description):: {
    eval_time: at,
    alertname: rule.alert,
    exp_alerts: [{
      exp_labels: labels + rule.labels,
      exp_annotations: rule.annotations { summary: summary, description: description },
    }],
  },
  silent(rule, at):: { eval_time: at, alertname: rule.alert, exp_alerts: [] },

  test(name, input, alerts=[], values=[], interval='1m'):: {
    name: name,
    interval: interval,
    input_series: input,
    [if alerts != [] then 'alert_rule_test']: alerts,
    [if values != [] then 'promql_expr_test']: values,
  },
}
