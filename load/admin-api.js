// A running admin API in, whether it answers rightly and in time under load out: a script for k6.
//
//   TOKEN=... k6 run load/admin-api.js
//
// docs/load.md has the variables, where the limits come from, and what was measured.
import http from 'k6/http';
import { check, fail, sleep } from 'k6';
import { Counter } from 'k6/metrics';
import { scenario } from 'k6/execution';

const base = __ENV.BASE_URL || 'http://127.0.0.1:8700';
const token = (__ENV.TOKEN_FILE ? open(__ENV.TOKEN_FILE) : __ENV.TOKEN || '').trim();
const topic = __ENV.TOPIC || 'sales';
const known = __ENV.PIPELINE || 'sales';
const letters = __ENV.LETTERS || known;
const seconds = Number(__ENV.LOAD_SECONDS || '60');
const allowance = Number(__ENV.ALLOWANCE || '1');
const slower = Math.max(1, allowance);
// The one that is written; paused, so that no sink works for it.
const own = __ENV.LOAD_PIPELINE || 'load';

// Milliseconds in which 95 and 99 of 100 answers must be there.
const WITHIN = {
  memory: [100, 300], // what the API knows itself
  servers: [1000, 3000], // it asks Kafka, the registry or ClickHouse
  write: [1000, 3000], // Kafka acknowledges it and it is read back
  refused: [100, 300], // before anybody else is asked
  slowed: [2500, 2500], // made to wait on purpose: at most auth.failure_wait_ms_max
};

// Each call by its name: what kind it is, and which status is right.
const CALLS = {
  'list pipelines': ['memory', 200],
  'one pipeline': ['memory', 200],
  'its status': ['memory', 200],
  'not modified': ['memory', 304],
  'overview page': ['memory', 200],
  'pipeline page': ['memory', 200],
  'list topics': ['servers', 200],
  'one topic': ['servers', 200],
  'dead letters': ['servers', 200],
  'dry run': ['servers', 200],
  'put if-match': ['write', 200],
  'put the same again': ['write', 200],
  'put if-match out of date': ['refused', 412],
  'no such pipeline': ['refused', 404],
  'no such path': ['refused', 404],
  'wrong method': ['refused', 405],
  'invalid document': ['refused', 422],
  'no document': ['refused', 422],
  'bad query': ['refused', 400],
  'no token': ['refused', 401],
  'wrong token': ['slowed', 401],
};

const refusedByRate = new Counter('limit_refused');
const passedRate = new Counter('limit_passed');
// Of the admin API's own settings: requests_burst_max, requests_per_s_max.
const BURST = 200;
const PER_S = 50;
const FLOOD_S = 5;
// What was sent last is answered then.
const ANSWERED_S = 10 * Math.min(slower, 3);

export const options = {
  scenarios: {
    // Together less than the 50 requests per second that one token may send.
    reads: arrivals('reads', 28, seconds),
    // One user, so that nobody else changes the pipeline between the look and the write; each time
    // as long as its calls may take together.
    writes: {
      ...arrivals('writes', 1, seconds),
      timeUnit: `${4 * slower}s`,
      preAllocatedVUs: 1,
    },
    bad: arrivals('bad', 8, seconds),
    // Four times as many as one token may send, once the others have been answered.
    limit: { ...arrivals('limit', 4 * PER_S, FLOOD_S), startTime: `${seconds + ANSWERED_S}s` },
  },
  thresholds: {
    // Less load than it promises to take is no reason to fail at all.
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
    // Requests that k6 could not send because all its users waited for answers.
    dropped_iterations: ['count==0'],
    // What a full bucket and its refilling let pass, a second of which is for k6 to begin and end.
    limit_passed: [`count<=${BURST + PER_S * (FLOOD_S + 1)}`],
    limit_refused: [`count>=${4 * PER_S * FLOOD_S - BURST - PER_S * (FLOOD_S + 1)}`],
    'http_req_duration{name:beyond the limit}': within('refused'),
    ...Object.fromEntries(
      Object.entries(CALLS).map(([name, [kind]]) => [
        `http_req_duration{name:${name}}`,
        within(kind),
      ]),
    ),
  },
  summaryTrendStats: ['count', 'med', 'p(95)', 'p(99)', 'max'],
};

function arrivals(exec, rate, lasts_s) {
  return {
    executor: 'constant-arrival-rate',
    exec,
    rate,
    timeUnit: '1s',
    duration: `${lasts_s}s`,
    gracefulStop: `${ANSWERED_S}s`,
    preAllocatedVUs: 100,
  };
}

function within(kind) {
  const [p95, p99] = WITHIN[kind];
  return [`p(95)<${p95 * allowance}`, `p(99)<${p99 * allowance}`];
}

// Asks, and looks at what every answer of its kind must have.
function ask(name, method, path, { body = null, headers = {}, looks = {} } = {}) {
  const [kind, status] = CALLS[name];
  const answer = http.request(method, base + path, body, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    responseCallback: http.expectedStatuses(status),
    redirects: 0, // a page that sends to the login is not the page
    tags: { name, kind },
  });
  check(
    answer,
    {
      [`${name}: ${status}`]: (found) => found.status === status,
      ...(status >= 400 ? { [`${name}: problem document`]: isProblem } : {}),
      ...looks,
    },
    { name, kind },
  );
  return answer;
}

function isProblem(answer) {
  const kind = answer.headers['Content-Type'] || '';
  return kind.startsWith('application/problem+json') && answer.json('status') === answer.status;
}

function documentOf(name, age_ms) {
  return JSON.stringify({
    name,
    source: { topics: [topic] },
    target: { database: 'shop', table: `${name}_test`, order_by: ['_topic', '_partition', '_offset'] },
    batch: { age_ms },
    state: 'paused',
  });
}

const asJson = { 'content-type': 'application/json' };

export function setup() {
  if (!token) {
    fail('TOKEN or TOKEN_FILE is not given: a token of the role operator or admin');
  }
  const headers = { authorization: `Bearer ${token}`, ...asJson };
  const path = `${base}/v1/pipelines/${own}?offsets=resume`;
  const put = () =>
    http.put(path, documentOf(own, 1000), {
      headers,
      responseCallback: http.expectedStatuses(200, 201, 409),
    });
  let created = put();
  // What an earlier run left is still being removed.
  for (let tries = 0; created.status === 409 && tries < 60; tries += 1) {
    sleep(1);
    created = put();
  }
  if (created.status !== 200 && created.status !== 201) {
    fail(`cannot create pipeline ${own}: ${created.status} ${created.body}`);
  }
}

export function teardown() {
  sleep(1); // the token was beyond its rate just now
  const answer = http.del(`${base}/v1/pipelines/${own}?purge=offsets,dead-letters`, null, {
    headers: { authorization: `Bearer ${token}` },
    responseCallback: http.expectedStatuses(202, 204),
  });
  if (answer.status !== 202 && answer.status !== 204) {
    fail(`cannot remove pipeline ${own}: ${answer.status} ${answer.body}`);
  }
}

const READS = [
  () =>
    ask('list pipelines', 'GET', '/v1/pipelines', {
      looks: { 'list pipelines: has it': (found) => hasItem(found, 'name', known) },
    }),
  () =>
    ask('one pipeline', 'GET', `/v1/pipelines/${known}`, {
      looks: { 'one pipeline: is it': (found) => found.json('name') === known },
    }),
  () => ask('its status', 'GET', `/v1/pipelines/${known}/status`),
  () => ask('overview page', 'GET', '/', { looks: { 'overview page: has it': hasKnown } }),
  () =>
    ask('pipeline page', 'GET', `/pipelines/${known}`, {
      looks: { 'pipeline page: is it': hasKnown },
    }),
  () =>
    ask('list topics', 'GET', '/v1/topics', {
      looks: { 'list topics: has it': (found) => hasItem(found, 'topic', topic) },
    }),
  () => ask('one topic', 'GET', `/v1/topics/${topic}`),
  () => ask('dead letters', 'GET', `/v1/pipelines/${letters}/dead-letters?limit=20`),
];

function hasItem(answer, key, wanted) {
  return (answer.json('items') || []).some((item) => item[key] === wanted);
}

function hasKnown(answer) {
  return answer.body.includes(known);
}

export function reads() {
  READS[scenario.iterationInTest % READS.length]();
}

export function writes() {
  const path = `/v1/pipelines/${own}`;
  const tag = ask('one pipeline', 'GET', path).headers.Etag;
  ask('not modified', 'GET', path, { headers: { 'if-none-match': tag } });
  const body = documentOf(own, 1001 + (scenario.iterationInTest % 1000));
  ask('dry run', 'PUT', `${path}?dry_run=true`, { body, headers: asJson });
  const headers = { ...asJson, 'if-match': tag };
  const written = ask('put if-match', 'PUT', path, {
    body,
    headers,
    looks: { 'put if-match: new tag': (found) => found.headers.Etag !== tag },
  });
  ask('put the same again', 'PUT', path, {
    body,
    headers: asJson,
    looks: { 'put the same again: old tag': (found) => found.headers.Etag === written.headers.Etag },
  });
  ask('put if-match out of date', 'PUT', path, { body: documentOf(own, 3000), headers });
}

const INVALID = JSON.stringify({ ...JSON.parse(documentOf('Not a name', 0)), workers: 0 });
const BAD = [
  () => ask('no such pipeline', 'GET', '/v1/pipelines/there-is-none'),
  () => ask('no such path', 'GET', '/v1/there-is-none'),
  () => ask('wrong method', 'PATCH', '/v1/pipelines'),
  () =>
    ask('invalid document', 'POST', '/v1/pipelines', {
      body: INVALID,
      headers: asJson,
      looks: { 'invalid document: says where': (found) => found.json('errors').length > 0 },
    }),
  () => ask('no document', 'POST', '/v1/pipelines', { body: '{', headers: asJson }),
  () => ask('bad query', 'GET', `/v1/pipelines?limit=none`),
  () => ask('no token', 'GET', '/v1/pipelines', { headers: { authorization: '' } }),
  () => ask('wrong token', 'GET', '/v1/pipelines', { headers: { authorization: 'Bearer wrong' } }),
];

export function bad() {
  BAD[scenario.iterationInTest % BAD.length]();
}

// Beyond its rate a token is told so, and when to come again; within it, it is answered as ever.
export function limit() {
  const answer = http.get(`${base}/v1/pipelines`, {
    headers: { authorization: `Bearer ${token}` },
    responseCallback: http.expectedStatuses(200, 429),
    tags: { name: 'beyond the limit', kind: 'limit' },
  });
  const refused = answer.status === 429;
  (refused ? refusedByRate : passedRate).add(1);
  check(answer, {
    'beyond the limit: 200 or 429': (found) => found.status === 200 || found.status === 429,
    'beyond the limit: says when to come again': (found) =>
      found.status !== 429 || (isProblem(found) && Number(found.headers['Retry-After']) > 0),
  });
}
