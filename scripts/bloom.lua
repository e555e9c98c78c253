-- SPDX-License-Identifier: BSD-3-Clause
-- bloom - Bloom filters: was it added?  Surely not, or probably.
--
--     BLOOM.RESERVE key error-rate capacity     1; an error if the key is there
--     BLOOM.ADD key item [item ...]             for each: 1, or 0 if it probably was
--     BLOOM.EXISTS key item [item ...]          for each: 1 (probably), or 0 (surely not)
--     BLOOM.INFO key
--
-- A type with a form of its own in files: the numbers, then the bits.
--
--     {bits = m, hashes = k, capacity = n, added = how many, error = rate,
--      [1] ... [m / 32] = the bits, 32 a number}
--
-- An item's k bits are h1 + i * h2 modulo m, of the first 64 bits of its SHA-1.  With m
-- and k as chosen here, at most `error-rate` of the items that were never added are
-- taken for some that were, once `capacity` items are in it; more items, more errors.
-- What is added to a key that is not there makes a filter by the parameters
-- bloom.error-rate and bloom.capacity.
keyrack.module{
    name = 'bloom', version = '1.0.0', licence = 'BSD-3-Clause', author = 'The Keyrack authors',
    summary = 'Bloom filters',
}

local band, bor, lshift = bit.band, bit.bor, bit.lshift
local floor = math.floor

local MOST_BITS = 2 ^ 31
local MOST_HASHES = 64
local RATE_LEAST = 1e-18 -- for which there are 60 of them
local WORDS = 64 -- of bits, packed in one go
local FORMAT = '>dddddd' -- of the numbers in a file

local function save(v)
    local parts = {struct.pack(FORMAT, v.bits, v.hashes, v.capacity, v.added, v.error, #v)}
    local some = ('I4'):rep(WORDS)
    local i = 1
    while i + WORDS - 1 <= #v do
        parts[#parts + 1] = struct.pack('>' .. some, unpack(v, i, i + WORDS - 1))
        i = i + WORDS
    end
    for j = i, #v do parts[#parts + 1] = struct.pack('>I4', v[j]) end
    return table.concat(parts)
end

-- These bytes come from outside.
local function load(bytes)
    local bits, hashes, capacity, added, rate, words, at = struct.unpack(FORMAT, bytes)
    if not (bits >= 1 and bits <= MOST_BITS and words == math.ceil(bits / 32) and #bytes == at - 1 + words * 4
            and hashes >= 1 and hashes <= MOST_HASHES and hashes % 1 == 0 and bits % 1 == 0) then
        error('these bytes are no filter')
    end
    local v = {bits = bits, hashes = hashes, capacity = capacity, added = added, error = rate}
    for i = 1, words do v[i], at = struct.unpack('>I4', bytes, at) end
    return v
end

local bloom = keyrack.type{
    name = 'bloom', file_name = 'bloom-lua', save = save, load = load, digest = save,
    -- Lua's tables have room for a power of two.
    memory = function(v) return 2 ^ math.ceil(math.log(#v + 1) / math.log(2)) * 8 + 500 end,
}

local rate_param = keyrack.param{name = 'bloom.error-rate', type = 'string', default = '0.01'}
local capacity_param = keyrack.param{name = 'bloom.capacity', type = 'int', default = 1000, min = 1, max = 100000000}

local function new(rate, capacity)
    rate, capacity = tonumber(rate), tonumber(capacity)
    if not rate or not (rate > 0 and rate < 1) then error({err = 'ERR error rate is not between 0 and 1'}) end
    if rate < RATE_LEAST then error({err = 'ERR error rate is too small'}) end
    if not capacity or capacity % 1 ~= 0 or capacity < 1 then
        error({err = 'ERR capacity is not a positive integer'})
    end
    local bits = math.ceil(-capacity * math.log(rate) / math.log(2) ^ 2)
    if bits > MOST_BITS then error({err = 'ERR the filter would be too large'}) end
    local v = {
        bits = bits, hashes = math.max(1, floor(bits / capacity * math.log(2) + 0.5)), capacity = capacity,
        added = 0, error = rate,
    }
    for i = 1, math.ceil(bits / 32) do v[i] = 0 end
    return v
end

-- Two numbers below 2^32; the second one is odd, so that it goes round all bits of
-- a filter whose size is a power of two.
local function hashes(item)
    local hex = redis.sha1hex(item)
    local h2 = tonumber(hex:sub(9, 16), 16)
    return tonumber(hex:sub(1, 8), 16), h2 + 1 - h2 % 2
end

local function has(v, item)
    local h1, h2 = hashes(item)
    for i = 0, v.hashes - 1 do
        local at = (h1 + i * h2) % v.bits
        if band(v[floor(at / 32) + 1], lshift(1, at % 32)) == 0 then return false end
    end
    return true
end

local function add(v, item)
    local h1, h2 = hashes(item)
    local new_one = false
    for i = 0, v.hashes - 1 do
        local at = (h1 + i * h2) % v.bits
        local word, mask = floor(at / 32) + 1, lshift(1, at % 32)
        if band(v[word], mask) == 0 then
            v[word] = bor(v[word], mask) % 2 ^ 32
            new_one = true
        end
    end
    if new_one then v.added = v.added + 1 end
    return new_one
end

local reads = {{flags = 'ro access', first = 1}}
local writes = {{flags = 'rw update', first = 1}}
local key = {name = 'key', type = 'key', key_spec = 0}
local items = {name = 'item', multiple = true}

keyrack.command{
    name = 'bloom.reserve', arity = 4, flags = 'write denyoom', keys = writes, group = 'bloom', journal = 'typed',
    summary = 'Makes an empty filter', since = '1.0.0', complexity = 'O(capacity)',
    args = {key, {name = 'error-rate', type = 'double'}, {name = 'capacity', type = 'integer'}},
    run = function(name, rate, capacity)
        if redis.call('EXISTS', name) == 1 then error({err = 'ERR the key exists'}) end
        bloom:put(name, new(rate, capacity))
        return redis.status_reply('OK')
    end,
}

keyrack.command{
    name = 'bloom.add', arity = -3, flags = 'write denyoom fast', keys = writes, group = 'bloom', journal = 'typed',
    summary = 'Adds items, and makes a filter if there is none', since = '1.0.0',
    complexity = 'O(N) for N items', args = {key, items},
    run = function(name, ...)
        local v = bloom:read(name)
        local answers, changed = {}, false
        if not v then
            v = new(rate_param(), capacity_param())
            bloom:put(name, v)
            -- The parameters may be others where this is done again.
            keyrack.journal('BLOOM.RESERVE', name, v.error, v.capacity)
            keyrack.journal('BLOOM.ADD', name, ...)
        end
        for i = 1, select('#', ...) do
            local added = add(v, (select(i, ...)))
            answers[i] = added and 1 or 0
            changed = changed or added
        end
        if changed then bloom:write(name) end
        return answers
    end,
}

keyrack.command{
    name = 'bloom.exists', arity = -3, flags = 'readonly fast', keys = reads, group = 'bloom',
    summary = 'Tells which items were probably added', since = '1.0.0', complexity = 'O(N) for N items',
    args = {key, items},
    run = function(name, ...)
        local v = bloom:read(name)
        local answers = {}
        for i = 1, select('#', ...) do answers[i] = v and has(v, (select(i, ...))) and 1 or 0 end
        return answers
    end,
}

keyrack.command{
    name = 'bloom.info', arity = 2, flags = 'readonly fast', keys = reads, group = 'bloom',
    summary = 'Tells the size of a filter, and how much is in it', since = '1.0.0', complexity = 'O(1)',
    args = {key},
    run = function(name)
        local v = bloom:read(name)
        if not v then return nil end
        return {'capacity', v.capacity, 'error-rate', tostring(v.error), 'bits', v.bits, 'hashes', v.hashes,
                'items', v.added}
    end,
}
