-- Every path of a file in turn, each as the next of many signed-in callers; wrk runs `done` in the end.
local requests, next_one = {}, 0

function init(arguments)
  local tokens, number = {}, 0
  for token in io.lines(arguments[2]) do
    tokens[#tokens + 1] = token
  end
  for path in io.lines(arguments[1]) do
    number = number % #tokens + 1
    requests[#requests + 1] = wrk.format("GET", path, {
      ["Host"] = "127.0.0.1",
      ["Authorization"] = "Bearer " .. tokens[number],
      ["Accept"] = "application/json",
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
