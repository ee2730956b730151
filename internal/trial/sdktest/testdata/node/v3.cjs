// A merchant's program on wechatpay-node-v3, as one writes it against the live API:
// no address, no HTTP hook, no proxy is mentioned. The client verifies notices with
// the platform's certificates, which it downloads.
'use strict';
const fs = require('node:fs');
const WxPay = require('wechatpay-node-v3');
const { buy, listen } = require('./merchant.cjs');

const config = JSON.parse(fs.readFileSync(process.env.HOLDFAST_SANDBOX, 'utf8'));
const pay = new WxPay({
  appid: config.appid,
  mchid: config.mchid,
  publicKey: fs.readFileSync(config.merchant_cert_path),
  privateKey: fs.readFileSync(config.merchant_key_path),
  key: config.apiv3_key,
});

async function open(head, body) {
  const genuine = await pay.verifySign({
    timestamp: head['wechatpay-timestamp'], nonce: head['wechatpay-nonce'], serial: head['wechatpay-serial'],
    signature: head['wechatpay-signature'], body, apiSecret: config.apiv3_key,
  });
  if (!genuine) throw new Error('the signature is wrong');
  const notice = JSON.parse(body);
  const { ciphertext, associated_data: aad, nonce } = notice.resource;
  pay.decipher_gcm(ciphertext, aad, nonce, config.apiv3_key);
  return notice.event_type;
}

function data(answer) {
  if (answer.status !== 200) throw new Error(JSON.stringify(answer));
  return answer.data;
}

buy(config, {
  prepay: async ({ mchid, appid, ...order }) => data(await pay.transactions_native(order)).code_url,
  query: async (no) => data(await pay.query({ out_trade_no: no })).trade_state,
  refund: async (refund) => data(await pay.refunds(refund)).refund_id,
}, listen(open));
