-- Calls by many signed-in callers in turn; wrk runs `done` in the end.
local requests, next_one = {}, 0

function init(arguments)
  for token in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", arguments[2], {
      ["Host"] = "127.0.0.1",
      ["Authorization"] = "Bearer " .. token,
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
    '\n{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "failed": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
