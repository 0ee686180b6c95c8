-- The load of every row: POST one body after the other, as fast as the answers come.
-- BENCH_BODY is the body; each "{n}" in it becomes a number from 0 to 4999, each "{code}" one line of the file BENCH_CODES.
-- BENCH_TYPE is its content type. Prints one line of JSON at the end.

local template = os.getenv("BENCH_BODY")
local codes_file = os.getenv("BENCH_CODES")
local prepared, turn = {}, 0

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = os.getenv("BENCH_TYPE")
  wrk.headers["Accept"] = "application/json"
  if codes_file then
    for code in io.lines(codes_file) do
      prepared[#prepared + 1] = wrk.format(nil, nil, nil, (template:gsub("{code}", code)))
    end
  else
    for n = 0, 4999 do
      prepared[#prepared + 1] = wrk.format(nil, nil, nil, (template:gsub("{n}", tostring(n))))
    end
  end
end

function request()
  turn = turn % #prepared + 1
  return prepared[turn]
end

function done(summary, latency, requests)
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
