// What lands on default branches, as GitHub says it and as clones do.
local q = import '../lib/query.libsonnet';
local v = import '../lib/view.libsonnet';

local uncounted = 'nothing counted yet';

{
  landed: v.bars('Commits that landed, per day (GitHub)', q.count('github.commit.landed', '1d', ['author']), { empty: uncounted }),
  unplanned: v.bars(
    'Reverts, hotfixes and unreviewed commits, per day (GitHub)',
    [
      { query: q.count('github.commit.revert', '1d'), name: 'reverts' },
      { query: q.count('github.commit.hotfix', '1d'), name: 'hotfixes' },
      { query: q.count('github.commit.unreviewed', '1d'), name: 'without a pull request' },
    ],
    { empty: uncounted }
  ),
  people: v.lines('People (GitHub)', q.value('github.contributor.active', ['repo', 'role', 'author']), {
    description: 'Of each repository: who works on two would be counted twice in their sum.',
    empty: 'nobody in the window',
  }),
  gitLanded: v.bars('Commits that landed, per day (clones)', q.count('git.commit.landed', '1d', ['shape']), { empty: uncounted }),
  gitLines: v.bars('Lines, per day (clones)', q.count('git.code.lines', '1d', ['change']), { empty: uncounted }),
  timeToLand: v.lines('Time from written to landed, median (clones)', q.quantile('git.commit.time_to_land', 'p50'), {
    empty: 'nothing landed in the window',
  }),
}
