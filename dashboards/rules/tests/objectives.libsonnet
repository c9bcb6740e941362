local t = import 'lib.libsonnet';

local objective = t.data { objective: 'ci' };
local burn(window, values) = t.series('objective_burn_ratio', objective { window: window }, values);
local burned(each, rule, rate) = t.test(
  '%s fires while both windows burn, and not while one does' % rule.alert,
  [burn(each.long, '%g+0x200' % rate), burn(each.short, '0+0x59 %g+0x200' % rate)],
  alerts=[
    t.silent(rule, '59m'),
    t.fires(
      rule,
      '91m',
      objective { window: each.long },
      'The budget of ci of acme/a burns %g times too fast' % rate,
      'Over %s the error budget of the objective ci of acme/a burned %g times as fast as it lasts, and still does over %s.' % [each.long, rate, each.short]
    ),
  ],
);

function(rules, config, recording) [
  burned(each, rules['ObjectiveBurn%s' % (std.asciiUpper(each.name[0]) + each.name[1:])], each.factor + 1)
  for each in config.burns
] + [
  t.test(
    'an objective that is missed for long is told of, one that recovers is not',
    [
      t.series('objective_met', objective, '1+0x59 0+0x600'),
      t.series('objective_met', t.data { objective: 'review' }, '0+0x299 1+0x14 0+0x600'),
    ],
    alerts=[
      t.silent(rules.ObjectiveMissed, '6h'),
      t.fires(
        rules.ObjectiveMissed,
        '7h20m',
        objective,
        'The objective ci of acme/a is missed',
        'The objective ci of acme/a has not been met at any time in the last six hours.'
      ),
    ],
  ),
]
