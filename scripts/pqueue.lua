-- SPDX-License-Identifier: BSD-3-Clause
-- pqueue - a queue of jobs with priorities, leases, retries and a list of the dead.
--
--     PQ.PUSH key priority payload [DELAY ms] [TRIES n]   its id
--     PQ.POP key lease [COUNT n]          [[receipt, payload, priority, try], ...]
--     PQ.ACK key receipt                  1: done, or 0: the lease is not there any more
--     PQ.NACK key receipt [DELAY ms]      1: it failed and comes again, or 0
--     PQ.EXTEND key receipt lease         1, or 0
--     PQ.LEN key                          ready, delayed, leased, dead
--     PQ.DEAD key [COUNT n]               [[id, payload, priority, tries], ...]
--     PQ.REVIVE key id                    1: ready again as if new, or 0
--     PQ.BURY key id                      1: gone from the dead, or 0
--
--                    +------- DELAY is over --------+
--     PUSH --> delayed                              v
--       `-----------------------------------------> ready -- POP --> leased -- ACK --> -
--                    ^                              ^                  |
--                    +---- NACK DELAY --------------+-- NACK, or the --+
--                                                   |   lease is over  |
--                                             REVIVE|                  | after TRIES
--                                                  dead <--------------+
--
-- Higher priorities come first, equal ones as they came.  POP gives a job for `lease`
-- ms; who does not ACK in time may see another one get it, whose receipt is another: an
-- old receipt does nothing.  A job that has been given out `TRIES` times (the parameter
-- pqueue.tries if none is given) without an ACK is dead, and kept until somebody looks.
--
-- All of a queue is one value of the type `pqueue`, under one key:
--
--     jobs[id]   {payload, priority, tries, most, state, stamp}
--     ready      a heap of {-priority, stamp, id}
--     timed      a heap of {when, stamp, id}: delays and leases
--
-- A job's stamp is new with each state, so an entry of a heap that is out of date is
-- known by its stamp and dropped when it comes up.  Push, pop and all else O(log(N)).
--
-- What a command does depends on the clock, so it is journalled with the time at which
-- it was done, as a last word of its own: PQ.POP queue 1000 AT 1700000000000.
keyrack.module{
    name = 'pqueue', version = '1.0.0', licence = 'BSD-3-Clause', author = 'The Keyrack authors',
    summary = 'Queues with priorities, leases, retries and dead letters',
}

local READY, DELAYED, LEASED, DEAD = 1, 2, 3, 4
local PAYLOAD, PRIORITY, TRIES, MOST, STATE, STAMP = 1, 2, 3, 4, 5, 6

local queues = keyrack.type{name = 'pqueue', file_name = 'pqueuelua'}
local tries_param = keyrack.param{name = 'pqueue.tries', type = 'int', default = 5, min = 1, max = 1000000}

-- Heaps of {rank, stamp, id}: the least rank first, then the least stamp.

local function before(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
end

local function heap_push(heap, entry)
    local at = #heap + 1
    while at > 1 do
        local up = (at - at % 2) / 2
        if not before(entry, heap[up]) then break end
        heap[at] = heap[up]
        at = up
    end
    heap[at] = entry
end

local function heap_pop(heap)
    local first, last, size = heap[1], heap[#heap], #heap - 1
    heap[size + 1] = nil
    if size == 0 then return first end
    local at = 1
    while at * 2 <= size do
        local down = at * 2
        if down < size and before(heap[down + 1], heap[down]) then down = down + 1 end
        if not before(heap[down], last) then break end
        heap[at] = heap[down]
        at = down
    end
    heap[at] = last
    return first
end

-- The job that the entry stands for, nil if it has another state by now.
local function current(v, entry)
    local job = v.jobs[entry[3]]
    return job and job[STAMP] == entry[2] and job or nil
end

local function set_state(v, id, job, state, when)
    v.count[job[STATE]] = v.count[job[STATE]] - 1
    v.count[state] = v.count[state] + 1
    v.stamp = v.stamp + 1
    job[STATE], job[STAMP] = state, v.stamp
    if state == READY then
        heap_push(v.ready, {-job[PRIORITY], v.stamp, id})
    elseif state ~= DEAD then
        heap_push(v.timed, {when, v.stamp, id})
    else
        v.dead[#v.dead + 1] = id
    end
end

-- Of what has failed: again, later, or never.
local function fail(v, id, job, now, delay)
    if job[TRIES] >= job[MOST] then
        set_state(v, id, job, DEAD)
    elseif delay > 0 then
        set_state(v, id, job, DELAYED, now + delay)
    else
        set_state(v, id, job, READY)
    end
end

-- Delays and leases that are over.
local function pass_time(v, now)
    while v.timed[1] and v.timed[1][1] <= now do
        local entry = heap_pop(v.timed)
        local job = current(v, entry)
        if job and job[STATE] == DELAYED then
            set_state(v, entry[3], job, READY)
        elseif job then
            fail(v, entry[3], job, now, 0)
        end
    end
    while v.ready[1] and not current(v, v.ready[1]) do heap_pop(v.ready) end
end

-- Entries that are out of date are not to outgrow those that are not.
local function tidy(v, heap)
    if #heap < 64 or #heap < 2 * (v.count[READY] + v.count[DELAYED] + v.count[LEASED]) then return heap end
    local fresh = {}
    for _, entry in ipairs(heap) do
        if current(v, entry) then heap_push(fresh, entry) end
    end
    return fresh
end

local function remove(v, id)
    local job = v.jobs[id]
    v.count[job[STATE]] = v.count[job[STATE]] - 1
    v.jobs[id] = nil
    v.ready, v.timed = tidy(v, v.ready), tidy(v, v.timed)
end

local function remove_dead(v, id)
    for i, other in ipairs(v.dead) do
        if other == id then
            table.remove(v.dead, i)
            return
        end
    end
end

-- Reading the words.

local function whole(text, what, least, most)
    local n = tonumber(text)
    if not n or n % 1 ~= 0 or n < least or n > (most or 2 ^ 53) then
        error({err = 'ERR ' .. what .. ' is not an integer, or out of range'})
    end
    return n
end

-- {DELAY = 5, ...} of the words; only names in `known`, which has the least of each.
local function options(known, ...)
    local found, words = {AT = keyrack.now()}, {...}
    for i = 1, #words, 2 do
        local name = words[i]:upper()
        if not (known[name] or name == 'AT') or words[i + 1] == nil then error({err = 'ERR syntax error'}) end
        found[name] = whole(words[i + 1], name:lower(), known[name] or 0)
    end
    return found
end

-- The command with the time at which it is done.
local function journal(name, at, ...)
    local words = {...}
    local size = #words
    if size >= 2 and words[size - 1]:upper() == 'AT' then size = size - 2 end
    words[size + 1], words[size + 2] = 'AT', ('%.0f'):format(at)
    keyrack.journal(name, unpack(words, 1, size + 2))
end

-- '5-1/2': the id and the try.
local function leased(v, receipt)
    local id, try = receipt:match('^(.-)/(%d+)$')
    local job = id and v.jobs[id]
    if not job or job[STATE] ~= LEASED or job[TRIES] ~= tonumber(try) then return nil end
    return id, job
end

local function drop_if_empty(v, key)
    if next(v.jobs) == nil then redis.call('DEL', key) end
end

-- The commands: what they do to a queue that is there.

local function push(key, priority, payload, ...)
    priority = whole(priority, 'priority', -1e9, 1e9)
    local o = options({DELAY = 0, TRIES = 1}, ...)
    local most = o.TRIES or tries_param()
    local v = queues:write(key)
    if not v then
        v = {jobs = {}, ready = {}, timed = {}, dead = {}, count = {0, 0, 0, 0}, stamp = 0}
        queues:put(key, v)
    end
    pass_time(v, o.AT)
    local id = ('%.0f-%d'):format(o.AT, v.stamp + 1)
    local job = {payload, priority, 0, most, READY, 0}
    v.jobs[id] = job
    v.count[READY] = v.count[READY] + 1
    if o.DELAY and o.DELAY > 0 then
        set_state(v, id, job, DELAYED, o.AT + o.DELAY)
    else
        set_state(v, id, job, READY)
    end
    -- The parameter may be another where this is done again.
    keyrack.journal('PQ.PUSH', key, priority, payload, 'DELAY', o.DELAY or 0, 'TRIES', most,
                    'AT', ('%.0f'):format(o.AT))
    return id
end

local function pop(key, lease, ...)
    lease = whole(lease, 'lease', 1)
    local o = options({COUNT = 1}, ...)
    local v = queues:write(key)
    local jobs = {}
    if not v then return jobs end
    pass_time(v, o.AT)
    while #jobs < (o.COUNT or 1) and v.ready[1] do
        local entry = heap_pop(v.ready)
        local job = current(v, entry)
        if job then
            local id = entry[3]
            job[TRIES] = job[TRIES] + 1
            set_state(v, id, job, LEASED, o.AT + lease)
            jobs[#jobs + 1] = {id .. '/' .. job[TRIES], job[PAYLOAD], job[PRIORITY], job[TRIES]}
        end
    end
    journal('PQ.POP', o.AT, key, lease, ...)
    return jobs
end

local function ack(key, receipt, ...)
    local o = options({}, ...)
    local v = queues:write(key)
    if not v then return 0 end
    pass_time(v, o.AT)
    journal('PQ.ACK', o.AT, key, receipt, ...)
    local id = leased(v, receipt)
    if not id then return 0 end
    remove(v, id)
    drop_if_empty(v, key)
    return 1
end

local function nack(key, receipt, ...)
    local o = options({DELAY = 0}, ...)
    local v = queues:write(key)
    if not v then return 0 end
    pass_time(v, o.AT)
    journal('PQ.NACK', o.AT, key, receipt, ...)
    local id, job = leased(v, receipt)
    if not id then return 0 end
    fail(v, id, job, o.AT, o.DELAY or 0)
    return 1
end

local function extend(key, receipt, lease, ...)
    lease = whole(lease, 'lease', 1)
    local o = options({}, ...)
    local v = queues:write(key)
    if not v then return 0 end
    pass_time(v, o.AT)
    journal('PQ.EXTEND', o.AT, key, receipt, lease, ...)
    local id, job = leased(v, receipt)
    if not id then return 0 end
    set_state(v, id, job, LEASED, o.AT + lease)
    v.timed = tidy(v, v.timed)
    return 1
end

local function len(key)
    local v = queues:read(key)
    if not v then return {0, 0, 0, 0} end
    -- What would have become of them by now, without changing it.
    local count, now = {unpack(v.count)}, keyrack.now()
    for _, entry in ipairs(v.timed) do
        local job = entry[1] <= now and current(v, entry)
        if job then
            local dies = job[STATE] == LEASED and job[TRIES] >= job[MOST]
            count[job[STATE]] = count[job[STATE]] - 1
            count[dies and DEAD or READY] = count[dies and DEAD or READY] + 1
        end
    end
    return count
end

local function dead(key, ...)
    local o = options({COUNT = 1}, ...)
    local v = queues:write(key)
    local jobs = {}
    if not v then return jobs end
    pass_time(v, o.AT)
    journal('PQ.DEAD', o.AT, key, ...)
    for i = 1, math.min(#v.dead, o.COUNT or #v.dead) do
        local job = v.jobs[v.dead[i]]
        jobs[i] = {v.dead[i], job[PAYLOAD], job[PRIORITY], job[TRIES]}
    end
    return jobs
end

local function of_dead(name, act)
    return function(key, id, ...)
        local o = options({}, ...)
        local v = queues:write(key)
        if not v then return 0 end
        pass_time(v, o.AT)
        journal(name, o.AT, key, id, ...)
        local job = v.jobs[id]
        if not job or job[STATE] ~= DEAD then return 0 end
        remove_dead(v, id)
        act(v, id, job, key)
        return 1
    end
end

local revive = of_dead('PQ.REVIVE', function(v, id, job)
    job[TRIES] = 0
    set_state(v, id, job, READY)
end)

local bury = of_dead('PQ.BURY', function(v, id, _, key)
    remove(v, id)
    drop_if_empty(v, key)
end)

local key = {name = 'key', type = 'key', key_spec = 0}
local lease = {name = 'lease-ms', type = 'integer'}
local receipt = {name = 'receipt'}
local delay = {name = 'delay-ms', type = 'integer', token = 'DELAY', optional = true}
local count = {name = 'count', type = 'integer', token = 'COUNT', optional = true}

local function command(name, run, arity, summary, complexity, ...)
    keyrack.command{
        name = 'pq.' .. name, run = run, arity = arity, flags = 'write denyoom', journal = 'typed',
        keys = {{flags = 'rw access update', first = 1}}, summary = summary, since = '1.0.0', group = 'pqueue',
        complexity = complexity, args = {key, ...},
    }
end

command('push', push, -4, 'Puts a job into a queue', 'O(log(N))', {name = 'priority', type = 'integer'},
        {name = 'payload'}, delay, {name = 'tries', type = 'integer', token = 'TRIES', optional = true})
command('pop', pop, -3, 'Leases the first jobs of a queue', 'O(M*log(N)) for M jobs', lease, count)
command('ack', ack, -3, 'Ends a job that is done', 'O(log(N))', receipt)
command('nack', nack, -3, 'Gives a job back that has failed', 'O(log(N))', receipt, delay)
command('extend', extend, -4, 'Gives a leased job more time', 'O(log(N))', receipt, lease)
command('dead', dead, -2, 'Lists jobs that have failed too often', 'O(M) for M jobs', count)
command('revive', revive, -3, 'Makes a dead job ready again', 'O(N) for N dead ones', {name = 'id'})
command('bury', bury, -3, 'Removes a dead job', 'O(N) for N dead ones', {name = 'id'})

keyrack.command{
    name = 'pq.len', run = len, arity = 2, flags = 'readonly', keys = {{flags = 'ro access', first = 1}},
    summary = 'Counts the jobs of a queue: ready, delayed, leased, dead', since = '1.0.0', group = 'pqueue',
    complexity = 'O(N) for N delays and leases', args = {key},
}
