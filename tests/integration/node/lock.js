// SPDX-License-Identifier: BSD-3-Clause
// lock - redlock over ioredis: locks that are taken, contended, extended, released and lost.
const assert = require('node:assert');
const Redis = require('ioredis');
const { default: Redlock, ExecutionError } = require('redlock');
const { steps, until, sleep, port } = require('./steps.js');

const clients = Array.from({ length: 4 }, () => new Redis(port, '127.0.0.1'));
const databases = [4, 5, 6].map(db => new Redis(port, '127.0.0.1', { db }));
const client = clients[0];
const once = new Redlock([client], { retryCount: 0 });
const patient = clients.map(one => new Redlock([one], { retryCount: -1, retryDelay: 5, retryJitter: 5 }));

steps({
    async 'a lock is taken and released'() {
        const lock = await once.acquire(['lock:a'], 30000);
        assert.strictEqual(await client.get('lock:a'), lock.value);
        const left = await client.pttl('lock:a');
        assert.ok(left > 0 && left <= 30000, `${left}`);
        await lock.release();
        assert.strictEqual(await client.exists('lock:a'), 0);
    },

    async 'who comes second is refused, or waits'() {
        const lock = await once.acquire(['lock:b'], 30000);
        await assert.rejects(once.acquire(['lock:b'], 30000), ExecutionError);
        assert.strictEqual(await client.get('lock:b'), lock.value);
        const waiting = patient[1].acquire(['lock:b'], 30000);
        await sleep(50);
        await lock.release();
        const other = await waiting;
        assert.notStrictEqual(other.value, lock.value);
        assert.ok(other.attempts.length > 1);
        await other.release();
    },

    async 'a lock is extended by its holder only'() {
        let lock = await once.acquire(['lock:c'], 30000);
        lock = await lock.extend(300000);
        assert.ok(await client.pttl('lock:c') > 30000);
        await client.set('lock:c', 'a stranger', 'KEEPTTL');
        await assert.rejects(lock.extend(600000), ExecutionError);
        assert.ok(await client.pttl('lock:c') <= 300000);
        await client.del('lock:c');
    },

    async 'a lock that was lost does not free the next one'() {
        const lost = await once.acquire(['lock:d'], 50);
        await until(async () => await client.exists('lock:d') === 0);
        const next = await once.acquire(['lock:d'], 30000);
        await assert.rejects(lost.release(), ExecutionError);
        assert.strictEqual(await client.get('lock:d'), next.value);
        await next.release();
    },

    async 'several things are locked together or not at all'() {
        const held = await once.acquire(['lock:e2'], 30000);
        await assert.rejects(once.acquire(['lock:e1', 'lock:e2', 'lock:e3'], 30000), ExecutionError);
        assert.strictEqual(await client.exists('lock:e1', 'lock:e3'), 0);
        await held.release();
        const all = await once.acquire(['lock:e1', 'lock:e2', 'lock:e3'], 30000);
        assert.deepStrictEqual(await client.mget('lock:e1', 'lock:e2', 'lock:e3'), Array(3).fill(all.value));
        await all.release();
    },

    async 'a lock is extended by itself while it is used'() {
        await once.using(['lock:f'], 20000, { automaticExtensionThreshold: 19800 }, async signal => {
            let before = await client.pttl('lock:f');
            await until(async () => {
                const left = await client.pttl('lock:f');
                const extended = left > before;
                before = left;
                return extended;
            });
            assert.ok(!signal.aborted);
        });
        assert.strictEqual(await client.exists('lock:f'), 0);
    },

    async 'most of three have to agree'() {
        const majority = new Redlock(databases, { retryCount: 0 });
        await databases[1].set('lock:g', 'a stranger');
        const lock = await majority.acquire(['lock:g'], 30000);
        assert.strictEqual(await databases[0].get('lock:g'), lock.value);
        assert.strictEqual(await databases[1].get('lock:g'), 'a stranger');
        await lock.release();
        await until(async () => await databases[2].exists('lock:g') === 0);
        await databases[0].set('lock:g', 'a stranger');
        await assert.rejects(majority.acquire(['lock:g'], 30000), ExecutionError);
        await until(async () => await databases[2].exists('lock:g') === 0);
    },

    async 'one at a time is let in'() {
        await client.set('sum', 0);
        await Promise.all(Array.from({ length: 60 }, async (_, i) => {
            const lock = await patient[i % 4].acquire(['lock:h'], 60000);
            const sum = Number(await clients[i % 4].get('sum'));
            await clients[(i + 1) % 4].set('sum', sum + i);
            await lock.release();
        }));
        assert.strictEqual(await client.get('sum'), String(59 * 30));
    },

    async 'scripts that were flushed are sent again'() {
        await client.script('FLUSH');
        const lock = await once.acquire(['lock:i'], 30000);
        await client.script('FLUSH');
        await lock.release();
        assert.strictEqual(await client.exists('lock:i'), 0);
    },
}, () => Promise.all([...clients, ...databases].map(one => one.quit())));
