// A merchant's program on wechatpay-axios-plugin, as one writes it against the live
// API: no address, no agent, no proxy is mentioned.
'use strict';
const fs = require('node:fs');
const { Wechatpay, Formatter, Rsa, Aes } = require('wechatpay-axios-plugin');
const { buy, listen } = require('./merchant.cjs');

const config = JSON.parse(fs.readFileSync(process.env.HOLDFAST_SANDBOX, 'utf8'));
const platform = fs.readFileSync(config.public_key_path);
const wxpay = new Wechatpay({
  mchid: config.mchid,
  serial: config.merchant_serial,
  privateKey: fs.readFileSync(config.merchant_key_path),
  certs: { [config.public_key_id]: platform },
});
const headers = { 'Wechatpay-Serial': config.public_key_id };

async function open(head, body) {
  if (head['wechatpay-serial'] !== config.public_key_id) throw new Error(`unknown key ${head['wechatpay-serial']}`);
  const message = Formatter.response(head['wechatpay-timestamp'], head['wechatpay-nonce'], body);
  if (!Rsa.verify(message, head['wechatpay-signature'], platform)) throw new Error('the signature is wrong');
  const notice = JSON.parse(body);
  const { nonce, ciphertext, associated_data: aad } = notice.resource;
  JSON.parse(Aes.AesGcm.decrypt(ciphertext, config.apiv3_key, nonce, aad));
  return notice.event_type;
}

buy(config, {
  prepay: async (order) => (await wxpay.v3.pay.transactions.native.post(order, { headers })).data.code_url,
  query: async (no) => (await wxpay.v3.pay.transactions.outTradeNo._no_.get({ params: { mchid: config.mchid }, no, headers })).data.trade_state,
  refund: async (refund) => (await wxpay.v3.refund.domestic.refunds.post(refund, { headers })).data.refund_id,
}, listen(open));
