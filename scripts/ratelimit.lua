-- SPDX-License-Identifier: BSD-3-Clause
-- ratelimit - how often somebody may do something.
--
--     LIMIT.WINDOW key max window [COUNT n]      at most `max` in any `window` ms
--     LIMIT.BUCKET key capacity rate [COUNT n]   a bucket of tokens, `rate` a second
--     LIMIT.RESET key
--
-- Both answer five numbers: 1 if it is allowed and 0 if not, the limit, how many are
-- left, in how many ms it may be tried again (0: now; -1: never, it asks for more than
-- the limit), and in how many ms all will be as if nothing had been.
--
-- The window is exact: no span of `window` ms, wherever it begins, holds more than
-- `max`.  It remembers each of them, in a sorted set, so a single command counts at
-- most 1,000.  The bucket is a hash of two fields whatever its size, allows bursts of
-- `capacity`, and then lets `rate` a second through.  Keys expire when they say nothing
-- any more.
keyrack.module{
    name = 'ratelimit', version = '1.0.0', licence = 'BSD-3-Clause',
    author = 'The Keyrack authors', summary = 'Rate limits: a sliding window, a bucket of tokens',
}

local call = redis.call

local function number(text, what, least, most)
    local n = tonumber(text)
    if not n or n ~= n or n < least or n > (most or 1e12) then
        error({err = 'ERR ' .. what .. ' is not a number, or out of range'})
    end
    return n
end

local function whole(text, what, least, most)
    local n = number(text, what, least, most)
    if n % 1 ~= 0 then error({err = 'ERR ' .. what .. ' is not an integer'}) end
    return n
end

-- [COUNT n], the only option, up to `most`.
local function count_of(most, word, n, more)
    if word == nil then return 1 end
    if word:upper() ~= 'COUNT' or n == nil or more ~= nil then error({err = 'ERR syntax error'}) end
    return whole(n, 'count', 1, most)
end

-- A member a request: the time, and a number within it, so that none is the same.
local function window(key, max, span, ...)
    max, span = whole(max, 'max', 1), whole(span, 'window', 1)
    local count, now = count_of(1000, ...), keyrack.now()

    call('ZREMRANGEBYSCORE', key, '-inf', now - span)
    local used = call('ZCARD', key)
    local allowed = used + count <= max
    if allowed then
        local first = 0
        local last = call('ZRANGE', key, -1, -1)[1]
        if last and tonumber(last:match('^%d+')) == now then first = tonumber(last:match('%d+$')) end
        for i = 1, count do
            call('ZADD', key, now, ('%d-%010d'):format(now, first + i))
        end
        call('PEXPIRE', key, span)
        used = used + count
    end
    local retry = 0
    if not allowed and count > max then
        retry = -1
    elseif not allowed then -- when as many have left the window as are in the way
        local oldest = call('ZRANGE', key, used + count - max - 1, used + count - max - 1, 'WITHSCORES')
        retry = tonumber(oldest[2]) + span - now
    end
    return {allowed and 1 or 0, max, max - used, retry, used == 0 and 0 or
            tonumber(call('ZRANGE', key, -1, -1, 'WITHSCORES')[2]) + span - now}
end

-- tokens: how many there were `at` that time.
local function bucket(key, capacity, rate, ...)
    capacity, rate = whole(capacity, 'capacity', 1), number(rate, 'rate', 1e-6)
    local count, now = count_of(nil, ...), keyrack.now()
    local state = call('HMGET', key, 'tokens', 'at')
    local tokens, at = tonumber(state[1] or capacity), tonumber(state[2] or now)

    if now > at then tokens = tokens + (now - at) * rate / 1000 end
    if tokens > capacity then tokens = capacity end
    local allowed = tokens >= count
    if allowed then tokens = tokens - count end
    local full = math.ceil((capacity - tokens) * 1000 / rate)
    if allowed then
        call('HSET', key, 'tokens', tokens, 'at', math.max(now, at))
        call('PEXPIRE', key, math.max(full, 1))
    end
    local retry = 0
    if count > capacity then
        retry = -1
    elseif not allowed then
        retry = math.ceil((count - tokens) * 1000 / rate)
    end
    return {allowed and 1 or 0, capacity, math.floor(tokens), retry, full}
end

local key = {{flags = 'rw access update', first = 1}}
local key_argument = {name = 'key', type = 'key', key_spec = 0}
local count_argument = {name = 'count', type = 'integer', token = 'COUNT', optional = true}

keyrack.command{
    name = 'limit.window', run = window, arity = -4, flags = 'write denyoom', keys = key, group = 'ratelimit',
    summary = 'Asks whether something may be done, at most so often in any span of time', since = '1.0.0',
    complexity = 'O(log(N)*M) for N remembered and M asked for or forgotten',
    args = {key_argument, {name = 'max', type = 'integer'}, {name = 'window-ms', type = 'integer'}, count_argument},
}

keyrack.command{
    name = 'limit.bucket', run = bucket, arity = -4, flags = 'write denyoom fast', keys = key, group = 'ratelimit',
    summary = 'Takes tokens from a bucket that fills up at a constant rate', since = '1.0.0', complexity = 'O(1)',
    args = {key_argument, {name = 'capacity', type = 'integer'}, {name = 'per-second', type = 'double'},
            count_argument},
}

keyrack.command{
    name = 'limit.reset', arity = 2, flags = 'write', keys = {{flags = 'rm delete', first = 1}}, group = 'ratelimit',
    summary = 'Forgets what has been done', since = '1.0.0', complexity = 'O(N) for N remembered',
    args = {key_argument},
    run = function(name) return call('DEL', name) end,
}
