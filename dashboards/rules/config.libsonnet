// What an installation may want otherwise. Every threshold is here; whoever renders overrides by `_config+::`.
{
  _config:: {
    // The job by which Prometheus scrapes our Pushgateway, with honor_labels. No pattern: others may have one, too.
    gatewayJob: 'pushgateway',
    // The collectors that should be there: [{instance, collector}]; from the settings.
    expected: [],
    // The settings' tag that names a team.
    team: 'team',
    runbooks: 'https://github.com/quarterdeck/quarterdeck/blob/main/docs/runbooks/%s.md',
    dashboards: 'http://localhost:3000',
    owners: ['platform', 'developers', 'delivery'],

    // A collector is fresh while its last success is younger than so many of its intervals, and stale beyond so many.
    freshIntervals: 2,
    staleIntervals: 3,
    // A series without a point is believed to be as it was for so long: two runs.
    bridged: '30m',
    // Share of the minutes in which a collector is to be fresh, over 30 days.
    freshTarget: 0.99,
    // In seconds: a run ends by then. `collect rules build --config` takes it from the settings.
    deadline: 600,
    deadlineShare: 0.8,
    coverage: 0.9,
    metricCoverage: 0.5,
    budget: 0.1,
    clockSkew: 60,
    lateEvents: 50,

    // Newest runs of a workflow on the default branch that failed one after the other.
    failuresInARow: 3,
    // How far below the share of the seven days before the last day's may fall, and the runs both need.
    successFall: 0.2,
    runs1d: 20,
    runs7d: 50,
    flakyShare: 0.1,
    slowdown: 1.5,
    activeFor: 6 * 3600,

    changeFailure: 0.3,
    // Finished deployments without which a delivery ratio is not judged.
    deployments30d: 10,
    deployments7d: 3,
    leadTimeRise: 1.5,

    stalePullRequests: 10,
    staleShare: 0.3,
    oldestPullRequest: 60 * 86400,
    reviewCoverage: 0.5,
    merged7d: 10,
    unreviewedShare: 0.2,
    landed7d: 10,
  },
}
