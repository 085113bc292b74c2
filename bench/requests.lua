-- Requests ranges of one size from MODES modes: wrk -s requests.lua URL -- RANGE MODES
local range, modes, fixed

function init(arguments)
  range, modes = arguments[1], tonumber(arguments[2])
  math.randomseed(os.time())
  if modes == 1 then fixed = format("file") end
end

function format(mode)
  return wrk.format("GET", "/getid?range=" .. range .. "&mode=" .. mode)
end

function request()
  return fixed or format("mode" .. math.random(0, modes - 1))
end

-- Prints requests, failures, total microseconds, and latencies in microseconds.
function done(summary, latency)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, failures, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
