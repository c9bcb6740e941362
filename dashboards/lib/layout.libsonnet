// Where panels stand: rows of whole columns, with nothing left over and nothing overlapping.
local sums(numbers) = std.foldl(function(all, each) all + [all[std.length(all) - 1] + each], numbers, [0]);
local last(list) = list[std.length(list) - 1];
local heights(rows) = [std.foldl(function(highest, each) std.max(highest, each.height), row, 0) for row in rows];

// The columns at which panels of these weights begin and end, as evenly as whole columns allow.
local edges(weights, columns) =
  local up = sums(weights);
  if std.foldl(std.min, weights, weights[0]) * columns < last(up)
  then error 'weights %s leave a panel less than one of %d columns' % [weights, columns]
  else [std.floor(columns * each / last(up)) for each in up];

{
  // Rows of {weight, height, …} as one list with x, y, w and h, the first row at `top`.
  place(rows, columns, top=0)::
    local high = heights(rows);
    local tops = sums(high);
    std.flattenArrays([
      local across = edges([each.weight for each in rows[r]], columns);
      [
        { panel: rows[r][i], x: across[i], y: top + tops[r], w: across[i + 1] - across[i], h: high[r] }
        for i in std.range(0, std.length(rows[r]) - 1)
      ]
      for r in std.range(0, std.length(rows) - 1)
    ]),

  // How high the rows are together.
  height(rows):: last(sums(heights(rows))),
}
