// Makes jobs in every state with one major version of Bull or BullMQ, then answers commands on its standard input, one a line, each with one line of
// JSON: `counts` (what the library itself counts, and what it knows of the queues), `more` (two jobs more in each queue), `run` (fifty jobs that
// end well and are removed, five that fail and are kept, in the queue `quick`), `end`.
//   node jobs.js <library> <prefix> <port>          the library is a name of package.json: bull4, bullmq5 …
'use strict';
const readline = require('node:readline');

const [library, prefix, port] = process.argv.slice(2);
const isBull = library.startsWith('bull4');
const { Queue, Worker, FlowProducer, QueueScheduler, default: plain } = isBull ? { default: require(library) } : require(library);
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const HOUR = 3600 * 1000;
const queues = {};
const workers = [];

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(what, condition) {
  for (let i = 0; i < 600; i++) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error(`waited in vain for ${what}`);
}

function queue(name) {
  queues[name] ||= isBull ? new plain(name, { prefix, redis: { host: '127.0.0.1', port: Number(port) } }) : new Queue(name, { prefix, connection });
  return queues[name];
}

const add = (name, data, options) => (isBull ? queue(name).add('job', data, options) : queue(name).add('job', data, options));

// Plain, LIFO, prioritized and delayed jobs; nobody works on them.
async function mixed(name) {
  for (let i = 0; i < 3; i++) await add(name, { i });
  for (let i = 0; i < 2; i++) await add(name, { i }, { lifo: true });
  for (const priority of [5, 1, 1, 50]) await add(name, {}, { priority });
  for (const delay of [HOUR, 2 * HOUR]) await add(name, {}, { delay });
}

async function paused(name) {
  await add(name, {});
  await queue(name).pause();
  await add(name, {});
  await add(name, {}, { lifo: true });
  await add(name, {}, { priority: 3 });
  await add(name, {}, { delay: HOUR });
}

// In BullMQ 4 these leave a marker in the list `wait`.
async function markers() {
  for (let i = 0; i < 2; i++) await add('only-prioritized', {}, { priority: 1 + i });
  await add('only-delayed', {}, { delay: HOUR });
}

// Three jobs that end well, two that fail, two that never end: `concurrency` of them are active, and one more waits.
async function worked(name) {
  const never = new Promise(() => {});
  const process = async (job) => {
    if (job.data.fails) throw new Error('this one fails');
    if (job.data.hangs) await never;
  };
  for (let i = 0; i < 3; i++) await add(name, {});
  for (let i = 0; i < 2; i++) await add(name, { fails: true });
  for (let i = 0; i < 3; i++) await add(name, { hangs: true });
  if (isBull) {
    queue(name).process('job', 2, process);
  } else {
    workers.push(new Worker(name, process, { prefix, connection, concurrency: 2, metrics: { maxDataPoints: 10 } }));
  }
  await until(`${library}: the jobs of ${name}`, async () => {
    const c = await queue(name).getJobCounts();
    return c.completed === 3 && c.failed === 2 && c.active === 2;
  });
}

// A parent that waits for its children.
async function family() {
  const flow = new FlowProducer({ prefix, connection });
  workers.push(flow);
  queue('family');
  queue('children');
  await flow.add({ name: 'parent', queueName: 'family', data: {}, children: [1, 2].map((i) => ({ name: `child ${i}`, queueName: 'children', data: {} })) });
}

async function counts() {
  const answer = [];
  for (const [name, q] of Object.entries(queues)) {
    answer.push({ system: isBull ? 'bull' : 'bullmq', prefix, queue: name, counts: await q.getJobCounts(), paused: await q.isPaused() });
  }
  return answer;
}

async function more() {
  for (const name of Object.keys(queues)) {
    await add(name, {});
    await add(name, {}, { priority: 2 });
  }
  return {};
}

async function run() {
  const process = async (job) => {
    if (job.data.fails) throw new Error('this one fails');
  };
  if (isBull) queue('quick').process('job', 5, process);
  else workers.push(new Worker('quick', process, { prefix, connection, concurrency: 5 }));
  for (let i = 0; i < 55; i++) await add('quick', { fails: i % 11 === 0 }, { removeOnComplete: true });
  await until(`${library}: the jobs of quick`, async () => {
    const c = await queue('quick').getJobCounts();
    return c.failed === 5 && c.waiting + c.active === 0;
  });
  return {};
}

async function make() {
  if (QueueScheduler) workers.push(...['mixed', 'paused'].map((name) => new QueueScheduler(name, { prefix, connection }))); // BullMQ 1
  await mixed('mixed');
  await paused('paused');
  await markers();
  await add('quick', {}, { delay: HOUR });
  await worked('worked');
  if (!isBull) await family();
  if (isBull) await mixed('jobs'); // as n8n names it
  if (isBull) await mixed('with:colons');
}

const commands = { counts, more, run };

async function main() {
  await make();
  console.log(JSON.stringify({ ready: true }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line === 'end') break;
    console.log(JSON.stringify(await commands[line]()));
  }
  process.exit(0);
}
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
