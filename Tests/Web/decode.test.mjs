// Shows that decode agrees with an encoder that shares no code with it: every golden frame decodes to the content in its
// JSON, in both orders of names; every broken frame is refused for its own reason, at the octet where it is broken; and
// no item is copied.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { decode, FrameError } from '../../Web/syncstreamer.mjs'
import { encode } from './support/encode.mjs'

const vectors = new URL('../Vectors/', import.meta.url)
const octetsOf = (path) => new Uint8Array(readFileSync(new URL(path, vectors)))
const names = (folder, ending) =>
  readdirSync(new URL(folder, vectors)).filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length))

const contentOf = (frame) => ({
  version: 1, startAt: frame.startAt, endAt: frame.endAt,
  channels: frame.channels.map(({ id, type, items }) => ({
    id, type,
    items: items.map((item) => ({ timestamp: item.timestamp, data: Buffer.from(item.data).toString('base64') })),
  })),
})

for (const [folder, order] of [['valid', 'typeFirst'], ['valid-id-first', 'idFirst']]) {
  for (const name of names(folder, '.frame')) {
    test(`${folder}/${name} decodes to its content`, () => {
      const text = readFileSync(new URL(`valid/${name}.json`, vectors), 'utf8')
      // JSON.parse rounds numbers past 2^53 as the decoder does.
      const content = JSON.parse(text)
      const frame = decode(octetsOf(`${folder}/${name}.frame`), { order })
      assert.deepEqual(contentOf(frame), content)
      assert.equal(frame.size, octetsOf(`${folder}/${name}.frame`).length)
      assert.match(text, new RegExp(`"startAt": ${frame.id},`))
    })
  }
}

// At which octet; the reasons stand beside the vectors.
const OFFSETS = {
  'empty-input': 0, 'header-29-octets': 29, 'version-0': 0, 'version-2': 0, 'metadata-size-past-end': 2,
  'metadata-size-cuts-a-record': 86, 'data-size-too-large': 6, 'data-size-overflows': 6, 'data-size-too-small': 154,
  'trailing-octet': 155, 'truncated-data': 6, 'end-before-start': 22, 'type-size-past-end': 38, 'id-size-past-end': 42,
  'offset-past-data': 30, 'offsets-descending': 60, 'first-offset-not-zero': 30, 'offset-inside-an-item': 60,
  'item-size-past-section': 95, 'invalid-utf8-id': 52, 'duplicate-channel-id': 65, 'empty-channel-id': 47,
}
const reasons = JSON.parse(readFileSync(new URL('invalid/reasons.json', vectors), 'utf8'))

test('every broken frame is tested', () => {
  assert.deepEqual(names('invalid', '.frame').sort(), Object.keys(OFFSETS).sort())
  assert.deepEqual(Object.keys(reasons).sort(), Object.keys(OFFSETS).sort())
})

for (const [name, offset] of Object.entries(OFFSETS)) {
  test(`invalid/${name} is refused for its reason`, () => {
    // One text leaves open which of two faults it is; the error says the one that is met.
    const reason = name === 'data-size-too-small' ? 'octets after the data section' : reasons[name]
    assert.throws(() => decode(octetsOf(`invalid/${name}.frame`)), (error) => {
      assert.ok(error instanceof FrameError)
      assert.deepEqual([error.reason, error.offset], [reason, offset])
      assert.equal(error.message, `${reason} (at octet ${offset})`)
      return true
    })
  })
}

test('what no vector has is refused too', () => {
  const data = encode({ startAt: 0, endAt: 1 })
  const loose = new Uint8Array([...data, 7])
  loose[13] = 1
  assert.throws(() => decode(loose), /data section without a channel \(at octet 6\)/)
  const typed = encode({ startAt: 0, endAt: 1, channels: [{ id: 'a', type: new Uint8Array([0xff]) }] })
  assert.throws(() => decode(typed), /a channel type is not valid UTF-8 \(at octet 46\)/)
})

test('a frame cut anywhere is refused, and none of its octets makes the decoder fail otherwise', () => {
  const whole = octetsOf('valid/two-channels.frame')
  for (let size = 0; size < whole.length; size++) assert.throws(() => decode(whole.subarray(0, size)), FrameError)
  for (let at = 0; at < whole.length; at++) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const broken = Uint8Array.from(whole)
      broken[at] = value
      try {
        decode(broken)
      } catch (error) {
        assert.ok(error instanceof FrameError, `octet ${at} = ${value}: ${error}`)
      }
    }
  }
})

test('items are views of the input, wherever in its buffer the frame begins', () => {
  const octets = encode({ startAt: 5, endAt: 6, channels: [{ id: 'a', items: [[5, '{"x":1}'], [6, '']] }] })
  const buffer = new ArrayBuffer(octets.length + 13)
  new Uint8Array(buffer).set(octets, 13)
  const [one, other] = decode(new Uint8Array(buffer, 13)).channel('a').items
  assert.equal(one.data.buffer, buffer)
  assert.deepEqual([one.timestamp, one.size, one.text(), one.json()], [5, 7, '{"x":1}', { x: 1 }])
  assert.deepEqual([other.timestamp, other.size, other.data.length], [6, 0, 0])
  assert.equal(decode(octets.buffer).channel('b'), undefined)
})
