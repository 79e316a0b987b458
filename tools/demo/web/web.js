// A small web shop: a few routes that read and write in Postgres over a pool of connections, /health and /metrics. POST /slow makes every statement
// take almost a second for a minute, as a lost index does: the pool is used up, requests wait for a connection, and some wait in vain. PORT and
// DATABASE_URL say where; SIGTERM ends it.
'use strict';
const http = require('http');
const { Pool } = require('pg');
const metrics = require('prom-client');

const SLOW_FOR = 60000;
const pool = new Pool({ connectionString: process.env.DATABASE_URL, application_name: 'web', max: 5, connectionTimeoutMillis: 2000 });
let slowUntil = 0;
let database = 'unknown'; // how the last statement went

metrics.collectDefaultMetrics();
const names = ['method', 'route', 'status'];
const requests = new metrics.Counter({ name: 'http_requests_total', help: 'Requests answered.', labelNames: names });
const durations = new metrics.Histogram({
  name: 'http_request_duration_seconds', help: 'How long requests took.', labelNames: names, buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});
new metrics.Gauge({ name: 'db_pool_connections_active', help: 'Connections in use.', collect() { this.set(use().active); } });
new metrics.Gauge({ name: 'db_pool_connections_max', help: 'Connections that there may be.', collect() { this.set(use().max); } });

function use() {
  return { max: pool.options.max, total: pool.totalCount, active: pool.totalCount - pool.idleCount, waiting: pool.waitingCount };
}

async function ask(statement, values) {
  const sleep = Date.now() < slowUntil ? 0.9 : 0;
  try {
    const { rows } = await pool.query(statement, [sleep, ...values]);
    database = 'up';
    return rows;
  } catch (error) {
    if (!/^timeout exceeded/.test(error.message)) database = 'down'; // else it is the pool's
    throw error;
  }
}

const account = () => 1 + Math.floor(Math.random() * 100000);
const json = (body) => ({ type: 'application/json', body: JSON.stringify(body) });

const routes = {
  'GET /': async () => json(await ask('SELECT pg_sleep($1), count(*) FROM pgbench_branches', [])),
  'GET /account': async () => json(await ask('SELECT pg_sleep($1), abalance FROM pgbench_accounts WHERE aid = $2', [account()])),
  'POST /order': async () => json(await ask('UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = $2 RETURNING pg_sleep($1)', [account()])),
  'GET /health': async () => json({ status: 'ok', pool: use(), services: { database } }),
  'GET /metrics': async () => ({ type: metrics.register.contentType, body: await metrics.register.metrics() }),
  'POST /slow': async () => {
    slowUntil = Date.now() + SLOW_FOR;
    return json({ slow_for_seconds: SLOW_FOR / 1000 });
  },
};

function write(response, status, answer) {
  response.writeHead(status, { 'Content-Type': answer.type }).end(answer.body);
}

async function serve(request, response) {
  const route = `${request.method} ${new URL(request.url, 'http://web').pathname}`;
  const labels = { method: request.method, route: routes[route] ? route.split(' ')[1] : 'none' };
  const end = durations.startTimer(labels);
  const missing = async () => { throw Object.assign(new Error('no such page'), { status: 404 }); };
  try {
    write(response, 200, await (routes[route] || missing)());
  } catch (error) {
    write(response, error.status || 503, json({ error: error.message }));
  }
  end({ status: response.statusCode });
  requests.inc({ ...labels, status: response.statusCode });
}

pool.on('error', () => { database = 'down'; }); // an idle connection broke; the next statement gets another
http.createServer(serve).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
