-- SPDX-License-Identifier: BSD-3-Clause
-- lock - a lock that ends by itself, with fencing tokens.
--
--     LOCK.ACQUIRE key owner ttl     its token, or nil while somebody else has it
--     LOCK.EXTEND key owner ttl      1, or 0: it is not the owner's any more
--     LOCK.RELEASE key owner         1, or 0: the same
--     LOCK.CHECK key token           1: nobody has got a newer one
--     LOCK.INFO key                  owner, token, ms that are left
--
-- `owner` is any text that nobody else uses: a UUID.  Who has the lock and asks for it
-- again gets the same token and a new time.
--
-- A lock alone does not protect what is written under it: its owner may sleep, the lock
-- end, another one get it, and the sleeper go on.  So each owner gets a token that is
-- larger than all before, to be sent along with each write: whoever takes the writes
-- refuses a token smaller than the largest it has seen, or asks LOCK.CHECK.
--
-- A key is a hash (owner, token, until).  It stays when the lock has ended, for the
-- next token must be larger; DEL it when no old token is on its way any more.
keyrack.module{
    name = 'lock', version = '1.0.0', licence = 'BSD-3-Clause', author = 'The Keyrack authors',
    summary = 'Locks with fencing tokens',
}

local call = redis.call

local function ttl_of(text)
    local ttl = tonumber(text)
    if not ttl or ttl % 1 ~= 0 or ttl < 1 or ttl > 1e12 then
        error({err = 'ERR ttl is not a positive number of milliseconds'})
    end
    return ttl
end

-- The owner (nil: it is free), the last token, and when it ends.
local function read(key)
    local lock = call('HMGET', key, 'owner', 'token', 'until')
    local ends = tonumber(lock[3] or 0)
    local owner = lock[1] and ends > keyrack.now() and lock[1] or nil
    return owner, tonumber(lock[2] or 0), ends
end

local function acquire(key, owner, ttl)
    ttl = ttl_of(ttl)
    local has, token = read(key)
    if has and has ~= owner then return nil end
    if not has then token = token + 1 end
    call('HSET', key, 'owner', owner, 'token', ('%.0f'):format(token), 'until', keyrack.now() + ttl)
    return token
end

local function extend(key, owner, ttl)
    ttl = ttl_of(ttl)
    if read(key) ~= owner then return 0 end
    call('HSET', key, 'until', keyrack.now() + ttl)
    return 1
end

local function release(key, owner)
    if read(key) ~= owner then return 0 end
    call('HDEL', key, 'owner', 'until')
    return 1
end

local function check(key, token)
    local _, newest = read(key)
    local n = tonumber(token)
    if not n then error({err = 'ERR token is not a number'}) end
    return newest > 0 and n == newest and 1 or 0
end

local function info(key)
    local owner, token, ends = read(key)
    if token == 0 then return nil end
    return {'owner', owner or false, 'token', token, 'ttl', owner and ends - keyrack.now() or 0}
end

local writes = {{flags = 'rw access update', first = 1}}
local reads = {{flags = 'ro access', first = 1}}
local key = {name = 'key', type = 'key', key_spec = 0}
local owner = {name = 'owner'}
local ttl = {name = 'ttl-ms', type = 'integer'}

local function command(name, run, summary, flags, keys, args)
    keyrack.command{
        name = 'lock.' .. name, run = run, arity = #args + 1, flags = flags, keys = keys, args = args,
        summary = summary, since = '1.0.0', group = 'lock', complexity = 'O(1)',
    }
end

command('acquire', acquire, 'Takes a lock for some time, and answers its fencing token', 'write denyoom fast', writes,
        {key, owner, ttl})
command('extend', extend, 'Gives a lock that the owner still has more time', 'write denyoom fast', writes,
        {key, owner, ttl})
command('release', release, 'Ends a lock if the owner still has it', 'write fast', writes, {key, owner})
command('check', check, 'Tells whether a fencing token is the newest', 'readonly fast', reads,
        {key, {name = 'token', type = 'integer'}})
command('info', info, 'Tells who has a lock, and for how long', 'readonly fast', reads, {key})
