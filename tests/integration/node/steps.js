// SPDX-License-Identifier: BSD-3-Clause
// steps - runs a program's claims in order, and ends with status 1 at the first that does not hold.
const { setTimeout: sleep } = require('node:timers/promises');

const PATIENCE = 60000; // ms until something that must come is given up: the machine may be busy

async function steps(claims, end) {
    for (const [claim, hold] of Object.entries(claims)) {
        try {
            await hold();
        } catch (error) {
            console.error(`${claim}:`, error);
            process.exit(1);
        }
    }
    console.log(`${Object.keys(claims).length} held`);
    await end();
    process.exit(0);
}

// Wait until `condition` answers something true, and return that.
async function until(condition) {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
        const value = await condition();
        if (value)
            return value;
        if (Date.now() > deadline)
            throw new Error(`never: ${condition}`);
        await sleep(10);
    }
}

module.exports = { steps, until, sleep, port: Number(process.argv[2]) };
