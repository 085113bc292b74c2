// The baseline: a bare node:http server that only answers the bytes of a range.
import {createServer} from 'node:http';

const body = '{"endIndex": 9, "startIndex": 0}';
const head = [
  'Content-Type',
  'application/json',
  'Cache-Control',
  'no-store',
  'Content-Length',
  String(body.length),
];

const server = createServer((_, response) => {
  response.writeHead(200, head);
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  process.stderr.write(`answers at http://127.0.0.1:${server.address().port}/getid\n`);
});
