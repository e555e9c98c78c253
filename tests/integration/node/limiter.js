// SPDX-License-Identifier: BSD-3-Clause
// limiter - rate-limiter-flexible, over ioredis and over node-redis: points, blocks, windows.
const assert = require('node:assert');
const Redis = require('ioredis');
const { createClient } = require('redis');
const { BurstyRateLimiter, RateLimiterQueue, RateLimiterRedis, RateLimiterRes, RateLimiterUnion } =
    require('rate-limiter-flexible');
const { steps, until, port } = require('./steps.js');

const ioredis = new Redis(port, '127.0.0.1', { enableOfflineQueue: true });
const nodeRedis = createClient({ socket: { host: '127.0.0.1', port } });

// Of a promise: what it is rejected with.
const refusal = promise => promise.then(() => { throw new Error('it was let in'); }, reason => reason);

function claims(name, storeClient) {
    const options = { storeClient, useRedisPackage: storeClient === nodeRedis };
    const limiter = (keyPrefix, rest) => new RateLimiterRedis({ ...options, keyPrefix: `${name}:${keyPrefix}`, ...rest });

    return {
        async [`${name}: so many points, and no more`]() {
            const five = limiter('five', { points: 5, duration: 600 });
            for (let left = 4; left >= 0; left--) {
                const granted = await five.consume('ann');
                assert.strictEqual(granted.remainingPoints, left);
                assert.strictEqual(granted.isFirstInDuration, left === 4);
                assert.ok(granted.msBeforeNext > 0 && granted.msBeforeNext <= 600000);
            }
            const refused = await refusal(five.consume('ann'));
            assert.ok(refused instanceof RateLimiterRes, refused);
            assert.deepStrictEqual([refused.remainingPoints, refused.consumedPoints], [0, 6]);
            assert.strictEqual((await five.consume('bob', 3)).remainingPoints, 2);
            assert.strictEqual(await five.get('nobody'), null);
        },

        async [`${name}: many at once do not pass the limit`]() {
            const ten = limiter('ten', { points: 10, duration: 600 });
            const all = await Promise.allSettled(Array.from({ length: 40 }, () => ten.consume('crowd')));
            assert.strictEqual(all.filter(one => one.status === 'fulfilled').length, 10);
            assert.ok(all.every(one => one.status === 'fulfilled' || one.reason instanceof RateLimiterRes));
        },

        async [`${name}: who asks for too much is blocked`]() {
            const strict = limiter('strict', { points: 2, duration: 60, blockDuration: 6000 });
            await strict.consume('ann', 2);
            assert.ok((await refusal(strict.consume('ann'))).msBeforeNext > 60000);
            assert.ok((await refusal(strict.consume('ann'))).msBeforeNext > 60000);
            await strict.block('bob', 3000);
            const blocked = await refusal(strict.consume('bob'));
            assert.ok(blocked.msBeforeNext > 60000 && blocked.msBeforeNext <= 3000000);
        },

        async [`${name}: a window ends`]() {
            const brief = limiter('brief', { points: 1, duration: 1 });
            await brief.consume('ann');
            await until(() => brief.consume('ann').then(() => true, () => false));
        },

        async [`${name}: points are taken away, given back, set and forgotten`]() {
            const ten = limiter('account', { points: 10, duration: 600 });
            assert.strictEqual((await ten.penalty('ann', 4)).consumedPoints, 4);
            assert.strictEqual((await ten.reward('ann', 3)).consumedPoints, 1);
            assert.strictEqual((await ten.consume('ann')).remainingPoints, 8);
            assert.strictEqual((await ten.set('ann', 9, 600)).consumedPoints, 9);
            assert.strictEqual((await ten.get('ann')).consumedPoints, 9);
            await ten.consume('ann');
            assert.ok(await refusal(ten.consume('ann')) instanceof RateLimiterRes);
            assert.ok(await ten.delete('ann'));
            assert.strictEqual((await ten.consume('ann')).remainingPoints, 9);
        },

        async [`${name}: limits of two kinds together, and a burst`]() {
            const second = limiter('second', { points: 2, duration: 600 });
            const minute = limiter('minute', { points: 5, duration: 6000 });
            const both = new RateLimiterUnion(second, minute);
            await both.consume('ann');
            await both.consume('ann');
            assert.ok(await refusal(both.consume('ann')));
            const bursty = new BurstyRateLimiter(limiter('steady', { points: 1, duration: 600 }),
                                                 limiter('burst', { points: 3, duration: 600 }));
            for (let i = 0; i < 4; i++)
                await bursty.consume('ann');
            assert.ok(await refusal(bursty.consume('ann')));
        },

        async [`${name}: who waits gets tokens in the end`]() {
            const queue = new RateLimiterQueue(limiter('queue', { points: 2, duration: 1 }));
            await Promise.all(Array.from({ length: 4 }, () => queue.removeTokens(1)));
        },
    };
}

(async () => {
    await nodeRedis.connect();
    await steps({ ...claims('ioredis', ioredis), ...claims('node-redis', nodeRedis) },
                () => Promise.all([ioredis.quit(), nodeRedis.close()]));
})();
