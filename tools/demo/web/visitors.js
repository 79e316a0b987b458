// Visitors of the demo's web shop: about twelve requests a second, whether the ones before were answered or not. URL says where.
'use strict';
const http = require('http');

const pages = ['GET /', 'GET /', 'GET /account', 'GET /account', 'GET /account', 'POST /order'];

function visit() {
  const [method, path] = pages[Math.floor(Math.random() * pages.length)].split(' ');
  const request = http.request(process.env.URL + path, { method }, (response) => response.resume());
  request.on('error', () => {}); // a shop that is closed: they come again
  request.end();
  setTimeout(visit, -Math.log(1 - Math.random()) * 1000 / 12);
}
visit();
