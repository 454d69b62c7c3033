-- Every path of a file in turn, each as the next of many signed-in callers; wrk runs `done` in the end.
local requests, next_one = {}, 0

local function lines(name)
  local found = {}
  for line in io.lines(name) do
    found[#found + 1] = line
  end
  return found
end

function init(arguments)
  local paths, tokens = lines(arguments[1]), lines(arguments[2])
  for number = 0, math.max(#paths, #tokens) - 1 do
    requests[number + 1] = wrk.format("GET", paths[number % #paths + 1], {
      ["Host"] = "127.0.0.1",
      ["Authorization"] = "Bearer " .. tokens[number % #tokens + 1],
      ["Accept"] = "application/json",
      ["Accept-Encoding"] = "gzip, deflate",
      ["User-Agent"] = "counter/1.0",
    })
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p99": %d, "failed": %d}\n',
    summary.requests, summary.duration, latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
