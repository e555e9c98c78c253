// SPDX-License-Identifier: BSD-3-Clause
// queue - bullmq over ioredis, all of which is scripts: jobs that wait, come late, fail, are tried
// again, go by priority, recur, depend on others and outlive their worker.
const assert = require('node:assert');
const { FlowProducer, Queue, QueueEvents, UnrecoverableError, Worker } = require('bullmq');
const { steps, until, sleep, port } = require('./steps.js');

const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
const open = [];

function opened(one) {
    one.setMaxListeners(0);
    one.on('error', error => { console.error(error); process.exit(1); });
    open.push(one);
    return one;
}

const queue = (name, options) => opened(new Queue(name, { connection, ...options }));
const worker = (name, work, options) => opened(new Worker(name, work, { connection, ...options }));

steps({
    async 'jobs are done and answer'() {
        const jobs = queue('double'), events = opened(new QueueEvents('double', { connection }));
        await events.waitUntilReady();
        worker('double', async job => {
            await job.updateProgress(50);
            await job.log(`doubling ${job.data.n}`);
            return job.data.n * 2;
        }, { concurrency: 5 });
        const added = await jobs.addBulk(Array.from({ length: 50 }, (_, n) => ({ name: 'double', data: { n } })));
        const results = await Promise.all(added.map(job => job.waitUntilFinished(events, 60000)));
        assert.deepStrictEqual(results, Array.from({ length: 50 }, (_, n) => 2 * n));
        assert.strictEqual(await jobs.getCompletedCount(), 50);
        const first = await jobs.getJob(added[0].id);
        assert.deepStrictEqual([first.progress, first.returnvalue, await first.getState()], [50, 0, 'completed']);
        assert.deepStrictEqual((await jobs.getJobLogs(first.id)).logs, ['doubling 0']);
    },

    async 'a job that is added twice is there once'() {
        const jobs = queue('unique');
        await jobs.add('a', { n: 1 }, { jobId: 'this-one' });
        await jobs.add('a', { n: 2 }, { jobId: 'this-one' });
        assert.deepStrictEqual((await jobs.getWaiting()).map(job => job.data.n), [1]);
    },

    async 'a job that is delayed comes late'() {
        const jobs = queue('late');
        const job = await jobs.add('late', {}, { delay: 400 });
        assert.strictEqual(await jobs.getDelayedCount(), 1);
        worker('late', async () => 'done');
        const done = await until(async () => (await jobs.getCompleted())[0]);
        assert.ok(done.processedOn - job.timestamp >= 400, `${done.processedOn - job.timestamp}`);
    },

    async 'a job that fails is tried again'() {
        const jobs = queue('again'), seen = [];
        worker('again', async job => {
            seen.push(job.attemptsMade);
            if (seen.length < 3)
                throw new Error(`attempt ${seen.length}`);
            return 'at last';
        });
        const job = await jobs.add('again', {}, { attempts: 3, backoff: { type: 'exponential', delay: 20 } });
        await until(() => job.isCompleted());
        assert.deepStrictEqual(seen, [0, 1, 2]);
        assert.strictEqual((await jobs.getJob(job.id)).stacktrace.length, 2);
    },

    async 'a job that fails for good says why, and may be tried once more'() {
        const jobs = queue('fails');
        let mended = false;
        worker('fails', async job => {
            if (mended)
                return 'mended';
            throw job.name === 'hopeless' ? new UnrecoverableError('hopeless') : new Error('broken');
        });
        const job = await jobs.add('fails', {}, { attempts: 2 });
        const hopeless = await jobs.add('hopeless', {}, { attempts: 100 });
        await until(async () => await jobs.getFailedCount() === 2);
        const failed = await jobs.getJob(job.id);
        assert.deepStrictEqual([failed.failedReason, failed.attemptsMade], ['broken', 2]);
        assert.strictEqual((await jobs.getJob(hopeless.id)).attemptsMade, 1);
        mended = true;
        await failed.retry();
        await until(() => job.isCompleted());
        assert.strictEqual(await jobs.getFailedCount(), 1);
    },

    async 'the most urgent comes first'() {
        const jobs = queue('urgent'), order = [];
        await jobs.pause();
        for (const priority of [5, 1, 9, 3, 1, 0])
            await jobs.add(`p${priority}`, {}, { priority });
        await jobs.add('last in first out', {}, { lifo: true });
        worker('urgent', async job => { order.push(job.name); });
        await sleep(50);
        assert.deepStrictEqual(order, []);
        await jobs.resume();
        await until(() => order.length === 7);
        assert.deepStrictEqual(order, ['last in first out', 'p0', 'p1', 'p1', 'p3', 'p5', 'p9']);
    },

    async 'as many run at once as may'() {
        const jobs = queue('together');
        let running = 0, most = 0;
        const all = new Promise(resolve => {
            worker('together', async () => {
                most = Math.max(most, ++running);
                if (running === 4)
                    resolve();
                await all;
                running--;
            }, { concurrency: 4 });
        });
        await jobs.addBulk(Array.from({ length: 12 }, () => ({ name: 'together', data: {} })));
        await until(async () => await jobs.getCompletedCount() === 12);
        assert.strictEqual(most, 4);
    },

    async 'a job recurs as often as it should'() {
        const jobs = queue('recurs'), seen = [];
        worker('recurs', async job => { seen.push(job.data.beat); });
        await jobs.upsertJobScheduler('beat', { every: 100, limit: 3 }, { name: 'beat', data: { beat: true } });
        await until(() => seen.length === 3);
        await until(async () => await jobs.getCompletedCount() === 3);
        await jobs.upsertJobScheduler('later', { pattern: '0 0 1 1 *' }, { name: 'later' });
        assert.strictEqual(await jobs.getDelayedCount(), 1);
        assert.ok(await jobs.removeJobScheduler('later'));
        assert.strictEqual(await jobs.getDelayedCount(), 0);
        assert.deepStrictEqual(seen, [true, true, true]);
    },

    async 'so many in so much time'() {
        const jobs = queue('limited'), times = [];
        worker('limited', async () => { times.push(Date.now()); }, { limiter: { max: 2, duration: 300 }, concurrency: 9 });
        await jobs.addBulk(Array.from({ length: 6 }, () => ({ name: 'limited', data: {} })));
        await until(() => times.length === 6);
        // The clock of the server counts, and not that of this program.
        assert.ok(times[5] - times[0] >= 300, `${times[5] - times[0]}`);
    },

    async 'a parent waits for its children'() {
        const flows = opened(new FlowProducer({ connection })), jobs = queue('parent');
        worker('child', async job => job.data.n * 10);
        worker('parent', async job => Object.values(await job.getChildrenValues()).reduce((sum, n) => sum + n, 0));
        const flow = await flows.add({
            name: 'sum', queueName: 'parent',
            children: [1, 2, 3].map(n => ({ name: 'part', queueName: 'child', data: { n } })),
        });
        await until(() => flow.job.isCompleted());
        assert.strictEqual((await jobs.getJob(flow.job.id)).returnvalue, 60);
    },

    async 'what a lost worker had is taken by another'() {
        const jobs = queue('lost');
        let began;
        const begun = new Promise(resolve => { began = resolve; });
        const lost = new Worker('lost', () => { began(); return new Promise(() => {}); },
                                { connection, lockDuration: 300, skipLockRenewal: true, skipStalledCheck: true });
        lost.on('error', () => {});
        const job = await jobs.add('lost', { n: 7 });
        await begun;
        await lost.close(true);
        const other = worker('lost', async job => job.data.n, { stalledInterval: 100 });
        const stalled = [];
        other.on('stalled', id => stalled.push(id));
        await until(() => job.isCompleted());
        assert.deepStrictEqual(stalled, [job.id]);
    },

    async 'a queue is looked at, cleaned and removed'() {
        const jobs = queue('cleaned');
        await jobs.pause();
        await jobs.addBulk(Array.from({ length: 20 }, (_, n) => ({ name: 'x', data: { n }, opts: n % 2 ? { delay: 100000 } : {} })));
        const counts = await jobs.getJobCounts('waiting', 'paused', 'delayed', 'completed');
        assert.deepStrictEqual([counts.paused + (counts.waiting || 0), counts.delayed, counts.completed], [10, 10, 0]);
        await (await jobs.getDelayed())[0].promote();
        assert.strictEqual(await jobs.getDelayedCount(), 9);
        await jobs.drain();
        await jobs.obliterate({ force: true });
        assert.strictEqual(await jobs.count(), 0);
    },
}, () => Promise.all(open.map(one => one.close())));
