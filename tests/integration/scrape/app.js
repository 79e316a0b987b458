// An application that is measured with prom-client. Pages: /metrics (text), /openmetrics, /secure (wants the token "sesame"), /moved (a redirect to
// /metrics), /hit?status=500 (a request that is counted), /mode?is=html (from now on /metrics is a login page; `ok` ends that).
//   node app.js <port>
'use strict';
const http = require('node:http');
const client = require('prom-client');

const text = new client.Registry();
const openmetrics = new client.Registry();
openmetrics.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
client.collectDefaultMetrics({ register: text });

// The same metrics for both registries; exemplars exist in OpenMetrics alone.
function measures(registry, enableExemplars) {
  const requests = new client.Counter({ name: 'http_requests_total', help: 'Requests, by \\ status.\nTwo lines.', labelNames: ['status', 'path', 'job'],
                                        registers: [registry], enableExemplars });
  const seconds = new client.Histogram({ name: 'http_request_duration_seconds', help: 'How long requests took.', labelNames: ['path'],
                                         buckets: [0.005, 0.1, 1, 10], registers: [registry], enableExemplars });
  const sizes = new client.Summary({ name: 'http_response_bytes', help: 'Sizes.', percentiles: [0.5, 0.99], registers: [registry] });
  const pool = new client.Gauge({ name: 'app_pool', help: 'The pool.', labelNames: ['state'], registers: [registry] });
  new client.Gauge({ name: 'app_odd', help: 'Odd values and labels.', labelNames: ['text', 'instance', 'target'], registers: [registry] });
  const odd = registry.getSingleMetric('app_odd');
  odd.set({ text: 'quote " backslash \\ newline \n umlaut ü', instance: 'mine', target: 'mine too' }, -1.5e-7);
  for (const [name, value] of [['nan', NaN], ['inf', Infinity], ['minus', -Infinity], ['long', 0.1 + 0.2], ['large', 2 ** 60]]) odd.set({ text: name }, value);
  pool.set({ state: 'total' }, 50);
  pool.set({ state: 'active' }, 48);
  return (status) => {
    const labels = { status, path: '/hit', job: 'its own' };
    const exemplarLabels = { trace_id: 'abc123' };
    enableExemplars ? requests.inc({ labels, value: 1, exemplarLabels }) : requests.inc(labels);
    enableExemplars ? seconds.observe({ labels: { path: '/hit' }, value: 0.05, exemplarLabels }) : seconds.observe({ path: '/hit' }, 0.05);
    sizes.observe(1234);
  };
}

const count = [measures(text, false), measures(openmetrics, true)];
let mode = 'ok';

async function show(registry, answer) {
  answer.setHeader('Content-Type', registry.contentType);
  answer.end(await registry.metrics());
}

http.createServer(async (request, answer) => {
  const url = new URL(request.url, 'http://app');
  if (url.pathname === '/hit') {
    answer.statusCode = Number(url.searchParams.get('status') || 200);
    for (const measure of count) measure(String(answer.statusCode));
    answer.end('hit\n');
  } else if (url.pathname === '/mode') {
    mode = url.searchParams.get('is');
    answer.end();
  } else if (mode === 'html') {
    answer.setHeader('Content-Type', 'text/html');
    answer.end('<!doctype html>\n<html>Please sign in</html>\n');
  } else if (url.pathname === '/metrics') {
    await show(text, answer);
  } else if (url.pathname === '/openmetrics') {
    await show(openmetrics, answer);
  } else if (url.pathname === '/moved') {
    answer.writeHead(302, { Location: '/metrics' }).end();
  } else if (url.pathname === '/secure' && request.headers.authorization === 'Bearer sesame') {
    await show(text, answer);
  } else {
    answer.writeHead(url.pathname === '/secure' ? 401 : 404).end();
  }
}).listen(Number(process.argv[2]), '127.0.0.1');
