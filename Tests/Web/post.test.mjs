// Shows what `post` and `postAll` send, and that a retry is the same request under the same key.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServerError, connect } from '../../Web/syncstreamer.mjs'
import { StandIn, problem, refused } from './support/stand-in.mjs'
import { VirtualTime } from './support/virtual-time.mjs'

function begin(settings = { secret: 'hush' }) {
  const time = new VirtualTime()
  const standIn = new StandIn(time)
  const server = connect('http://stand-in', { ...settings, fetch: standIn.fetch, environment: time.environment() })
  return { time, standIn, server }
}

const kind = ({ fields }) => fields.get('Content-Type')
const text = ({ body }) => new TextDecoder().decode(body)

test('a value is sent as JSON', async () => {
  const { standIn, server } = begin()
  assert.equal((await server.post('room 1/ä', { celsius: 21.5 }, { timestamp: 5, type: 'reading' })).accepted, 1)
  const [upload] = standIn.uploads
  assert.deepEqual([upload.channel, upload.query, kind(upload), text(upload)],
    ['room 1/ä', 'type=reading&timestamp=5', 'application/json', '{"celsius":21.5}'])
  assert.equal(upload.fields.get('Authorization'), 'Bearer hush')
  assert.match(upload.fields.get('Idempotency-Key'), /^[\x21-\x7e]{1,255}$/)
  for (const [item, expected] of [['text', '"text"'], [[1, 2], '[1,2]'], [null, 'null'], [0, '0']]) {
    await server.post('a', item)
    assert.equal(text(standIn.uploads.at(-1)), expected)
  }
})

test('octets are sent as they are, of a view only what it shows, and a Blob brings its type', async () => {
  const { standIn, server } = begin()
  const octets = new Uint8Array([9, 1, 2, 3, 9])
  for (const item of [octets.slice(1, 4), octets.slice(1, 4).buffer, octets.subarray(1, 4), new DataView(octets.buffer, 1, 3)]) {
    await server.post('a', item, { age: 40 })
    const upload = standIn.uploads.at(-1)
    assert.deepEqual([kind(upload), [...upload.body], upload.query], ['application/octet-stream', [1, 2, 3], 'age=40'])
  }
  await server.post('a', new Blob([octets], { type: 'image/png' }))
  assert.deepEqual([kind(standIn.uploads.at(-1)), standIn.uploads.at(-1).query], ['application/octet-stream', 'type=image%2Fpng'])
})

test('many values are lines of JSON, and many octets records with their times', async () => {
  const { standIn, server } = begin()
  await server.postAll('a', [{ a: 1 }, 'two\nlines'])
  assert.deepEqual([kind(standIn.uploads[0]), text(standIn.uploads[0])], ['application/x-ndjson', '{"a":1}\n"two\\nlines"\n'])
  await server.postAll('a', [new Uint8Array([7]), new Blob([new Uint8Array([8, 9])])], { timestamps: [258], type: 'x' })
  assert.equal(kind(standIn.uploads[1]), 'application/vnd.syncstreamer.items')
  assert.deepEqual([...standIn.uploads[1].body],
    [0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 8, 9])
  await assert.rejects(server.postAll('a', [1, new Uint8Array(1)]), /all octets or all JSON/)
  await assert.rejects(server.post('a', undefined), /a value that JSON has/)
})

test('what fails and passes is sent again, the same under the same key', async () => {
  const { time, standIn, server } = begin()
  const tries = []
  standIn.fault = ({ init }) => {
    tries.push([time.true - VirtualTime.EPOCH, init.headers['Idempotency-Key'], init.body])
    if (tries.length === 1) refused()
    if (tries.length === 2) return problem(503, {}, { 'Retry-After': '3' })
    if (tries.length === 3) return problem(507)
  }
  const posting = server.post('a', { n: 1 }, { idempotencyKey: 'mine' })
  await time.advance(60_000)
  await posting
  assert.deepEqual(tries.map(([, key, body]) => [key, body]), Array(4).fill(['mine', '{"n":1}']))
  assert.deepEqual(tries.map(([at]) => at), [0, 375, 3375, 4875])
  assert.equal(standIn.uploads.length, 1)
})

test('what does not pass is thrown at once, and what goes on failing in the end', async () => {
  const { time, standIn, server } = begin()
  standIn.fault = () => problem(401, { title: 'Who are you?' })
  await assert.rejects(server.post('a', 1), (error) => error instanceof ServerError && error.status === 401)
  assert.equal(standIn.asked.length, 1)
  standIn.fault = () => problem(503)
  const failing = assert.rejects(server.post('a', 1, { retries: 2 }), (error) => error.status === 503)
  await time.advance(60_000)
  await failing
  assert.equal(standIn.asked.length, 4)
})

test('an abort ends the tries', async () => {
  const { time, standIn, server } = begin()
  const controller = new AbortController()
  standIn.fault = () => refused()
  const failing = assert.rejects(server.post('a', 1, { signal: controller.signal }), /enough/)
  await time.advance(1000)
  controller.abort(new Error('enough'))
  await failing
  assert.equal(time.timerCount, 0)
})

test('without a secret there is none, and a key is made up where the platform makes none', async () => {
  const { standIn, server } = begin({})
  // Node 18 has no `crypto` to begin with.
  const crypto = globalThis.crypto ?? {}
  const { randomUUID } = crypto
  crypto.randomUUID = undefined
  try {
    await server.post('a', 1)
  } finally {
    crypto.randomUUID = randomUUID
  }
  assert.equal(standIn.uploads[0].fields.get('Authorization'), null)
  assert.match(standIn.uploads[0].fields.get('Idempotency-Key'), /^key(-0\.\d+){3}$/)
})

test('frames that were fetched are kept, and not too many', async () => {
  const { standIn, server } = begin()
  for (let start = 1; start <= 70; start++) standIn.add(start, start + 1)
  for (let start = 1; start <= 70; start++) await server.frame(String(start))
  const count = standIn.asked.length
  await server.frame('70')
  await server.frame('7')
  assert.equal(standIn.asked.length, count)
  await server.frame('6')
  assert.equal(standIn.asked.length, count + 1)
})
