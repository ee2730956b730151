// What both programs have in common: an endpoint for notices, and one purchase.
'use strict';
const http = require('node:http');

// listen receives notices and takes those that open() finds genuine.
function listen(open) {
  const events = [], waiting = [];
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', async () => {
      try {
        const event = await open(request.headers, Buffer.concat(parts).toString('utf8'));
        response.writeHead(204).end();
        const next = waiting.shift();
        if (next) next(event); else events.push(event);
      } catch (e) {
        console.error('refused a notice:', e.message);
        response.writeHead(401).end();
      }
    });
  });
  return {
    address: () => new Promise((done) => server.listen(0, '127.0.0.1', () => done(`http://127.0.0.1:${server.address().port}/notify`))),
    next: () => new Promise((done) => { if (events.length) done(events.shift()); else waiting.push(done); }),
    close: () => { server.close(); server.closeAllConnections(); },
  };
}

async function buy(config, client, notices) {
  try {
    const notify_url = await notices.address();
    const out_trade_no = `NODE${Date.now()}${Math.floor(Math.random() * 1e6)}`;
    console.log('PAY', await client.prepay({
      mchid: config.mchid, appid: config.appid, description: '茶 <tea>', out_trade_no, notify_url, amount: { total: 250, currency: 'CNY' },
    }));
    console.log('NOTICE', await notices.next());
    console.log('STATE', await client.query(out_trade_no));
    const refund = await client.refund({ out_trade_no, out_refund_no: `R${out_trade_no}`, notify_url, amount: { total: 250, refund: 100, currency: 'CNY' } });
    console.log('NOTICE', await notices.next());
    console.log('DONE', refund);
  } catch (e) {
    console.error(e.response ? JSON.stringify(e.response.data) : e);
    process.exitCode = 1;
  } finally {
    notices.close();
  }
}

module.exports = { buy, listen };
