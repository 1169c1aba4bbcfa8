// The smallest useful load test, in one file that a plain k6 binary runs:
//
//   k6 run --vus 10 --duration 30s loadtest/loadtest.js
//
// It asks: while ten customers browse and trade at once, does the API keep its service levels (the thresholds below)? k6 prints a
// summary, and ends with an exit code other than 0 when a threshold below was crossed. Another address: -e BASE_URL=http://…

import http from 'k6/http';
import { check, fail, sleep } from 'k6';

const baseUrl = __ENV.BASE_URL || 'http://localhost:3000';

export const options = {
  // Used when the command line says nothing else.
  vus: 10,
  duration: '30s',

  // Thresholds turn a load test into a test: they are the service levels, measured from the customer's side. Requests carry
  // the tag `kind`, because signing in is slow on purpose (a password hash that is quick to compute is quick to guess).
  thresholds: {
    http_req_failed: ['rate<0.001'], // availability: 99.9 % of the answers are good
    'http_req_duration{kind:read}': ['p(99)<300'], // latency: 99 % of the reads under 300 ms
    'http_req_duration{kind:trade}': ['p(99.5)<500'], // trading: 99.5 % of the trades under 500 ms
    checks: ['rate>0.999'], // and what came back was right
  },
};

const json = { 'Content-Type': 'application/json' };

// A VU (virtual user) runs the default function over and over. This file is loaded once for each VU, so a variable out here
// belongs to one VU and outlives the iteration: each VU signs up once and stays signed in.
let token;

function signUp() {
  const username = `load-${__VU}-${Date.now().toString(36)}`;
  const account = { username, email: `${username}@example.com`, password: 'a long passphrase' };
  const response = http.post(`${baseUrl}/auth/register`, JSON.stringify(account), {
    headers: json,
    tags: { kind: 'auth' },
  });
  if (!check(response, { 'signed up': (r) => r.status === 201 })) {
    sleep(1); // do not hammer an exchange that is in trouble
    fail(`sign-up answered ${response.status}: ${response.body || response.error}`); // ends this iteration
  }
  return response.json('token');
}

export default function () {
  token = token || signUp();
  const authorization = { Authorization: `Bearer ${token}` };

  // Browse: every character with its prices (in cents) and how much of it one owns.
  const market = http.get(`${baseUrl}/api/characters`, {
    headers: authorization,
    tags: { kind: 'read' },
  });
  const characters = market.status === 200 ? market.json('characters') : [];
  if (!check(characters, { 'the market is open': (list) => list.length > 0 })) {
    sleep(1);
    return;
  }
  sleep(Math.random()); // people look before they buy

  // Trade: sell what one owns, or else buy a share of a character picked at random.
  const owned = characters.find(({ quantity }) => quantity > 0);
  const picked = characters[Math.floor(Math.random() * characters.length)];
  const order = owned
    ? { characterId: owned.id, quantity: owned.quantity, action: 'sell' }
    : { characterId: picked.id, quantity: 1, action: 'buy' };

  const trade = http.post(`${baseUrl}/api/trade`, JSON.stringify(order), {
    headers: {
      ...json,
      ...authorization,
      // The same key again would get the same answer again, and trade nothing: so a client can safely retry.
      'Idempotency-Key': `${__VU}-${__ITER}-${Date.now()}`,
    },
    tags: { kind: 'trade' },
  });
  check(trade, {
    'the trade was carried out': (r) => r.status === 201,
    'all of it was traded': (r) => r.status === 201 && r.json('trade.quantity') === order.quantity,
    'a commission was charged': (r) => r.status === 201 && r.json('trade.commission') >= 1,
  });

  // Look at the result.
  const portfolio = http.get(`${baseUrl}/api/portfolio`, {
    headers: authorization,
    tags: { kind: 'read' },
  });
  check(portfolio, {
    'cash is never negative': (r) => r.status === 200 && r.json('cash') >= 0,
  });
  sleep(Math.random());
}
