// A small application: mails and reports as BullMQ jobs, at a gentle rate. Some mails are sent later, some fail for good, and now and then a burst of
// reports is ordered at once, so that there is a backlog to see. REDIS_URL says where; SIGTERM or SIGINT ends it within a second or two.
'use strict';
const { Queue, Worker } = require('bullmq');

const url = new URL(process.env.REDIS_URL || 'redis://127.0.0.1:6379/0');
const connection = {
  host: url.hostname,
  port: Number(url.port || 6379),
  username: decodeURIComponent(url.username) || undefined,
  password: decodeURIComponent(url.password) || undefined,
  db: Number(url.pathname.slice(1) || 0),
  tls: url.protocol === 'rediss:' ? {} : undefined,
  maxRetriesPerRequest: null,
};
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const chance = (share) => Math.random() < share;

const emails = new Queue('emails', { connection, defaultJobOptions: { removeOnComplete: 500, removeOnFail: 1000 } });
const reports = new Queue('reports', { connection, defaultJobOptions: { removeOnComplete: true, removeOnFail: 1000 } });

async function sendEmail(job) {
  await sleep(20 + Math.random() * 150);
  if (job.data.bounces) throw new Error('550 no such mailbox');
}

async function writeReport() {
  await sleep(300 + Math.random() * 900);
}

const workers = [
  new Worker('emails', sendEmail, { connection, concurrency: 4, metrics: { maxDataPoints: 120 } }),
  new Worker('reports', writeReport, { connection, concurrency: 1 }),
];
const queues = [emails, reports];

async function order() {
  const later = chance(0.2);
  await emails.add(later ? 'reminder' : 'welcome', { bounces: chance(0.03) },
    { delay: later ? 1000 + Math.random() * 60000 : 0, attempts: 2, backoff: { type: 'fixed', delay: 2000 } });
  if (chance(0.1)) await reports.add('daily', {}, { priority: chance(0.5) ? 1 : 10 });
  if (chance(0.01)) await reports.addBulk(Array.from({ length: 40 }, () => ({ name: 'monthly', data: {} })));
}

let running = true;
let tell = true; // one line for each outage, not one for each attempt to reconnect
for (const part of [...queues, ...workers]) {
  part.on('error', (error) => {
    if (tell && running) console.error(`redis: ${error.code || error.message}`);
    tell = false;
  });
}

async function main() {
  while (running) {
    await order().then(() => { tell = true; }, () => {});
    await sleep(100 + Math.random() * 300);
  }
}

async function stop() {
  if (!running) process.exit(1);
  running = false;
  setTimeout(() => process.exit(0), 1500).unref(); // a Redis that does not answer holds nobody up
  await Promise.allSettled([...workers.map((worker) => worker.close(true)), ...queues.map((queue) => queue.close())]);
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
main();
