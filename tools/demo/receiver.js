// Where the demo's alerts go: takes Alertmanager's webhook body and prints a line for each alert in it. PORT says where to listen.
'use strict';
const http = require('http');

function line(alert) {
  const { alertname, severity } = alert.labels;
  const seconds = (Date.parse(alert.endsAt) - Date.parse(alert.startsAt)) / 1000;
  const after = alert.status === 'resolved' ? ` after ${Math.round(seconds)} s` : '';
  return `receiver: ${alert.status.toUpperCase()}${after}  ${alertname} (${severity}): ${alert.annotations.summary}`;
}

http.createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    try {
      for (const alert of JSON.parse(body).alerts) console.log(line(alert));
      response.end();
    } catch (error) {
      console.log(`receiver: not what Alertmanager would send: ${error.message}`);
      response.writeHead(400).end();
    }
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
