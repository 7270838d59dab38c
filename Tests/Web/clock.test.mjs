// Shows what the estimate of the server's clock is worth: under a virtual time, against a stand-in whose clock is ahead of
// the device's by what the test says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from '../../Web/syncstreamer.mjs'
import { StandIn, refused } from './support/stand-in.mjs'
import { VirtualTime, settle } from './support/virtual-time.mjs'

function begin() {
  const time = new VirtualTime()
  const standIn = new StandIn(time)
  const server = connect('http://stand-in', { fetch: standIn.fetch, environment: time.environment() })
  return { time, standIn, server, clock: server.clock }
}

const near = (value, expected, error) =>
  assert.ok(Math.abs(value - expected) <= error, `${value} is not within ${error} of ${expected}`)

test('until it is known the clock is the device\'s', () => {
  const { time, standIn, clock } = begin()
  standIn.ahead = 5000
  time.deviceAhead = 300
  assert.equal(clock.isKnown, false)
  assert.equal(clock.now(), time.true + 300)
  assert.equal(clock.offset, 0)
})

test('the sample with the shortest round trip is kept', async () => {
  const { time, standIn, clock } = begin()
  standIn.ahead = 123_456
  // The way there and the way back take differently long, but on the third and shortest.
  let way = 0
  standIn.latency = (count) => [900, 400, 10, 700, 5000][count - 1]
  standIn.fault = async () => void (await time.sleep([300, 50, 0, 90, 0][way++]))
  const estimate = clock.estimate()
  await time.advance(20_000)
  await estimate
  assert.equal(standIn.asked.length, 5)
  near(clock.now(), standIn.now, 10)
  assert.equal(clock.roundTrip, 20)
  near(clock.offset, 123_456, 10)
})

test('what the server took between question and answer is not the way', async () => {
  const { time, standIn, clock } = begin()
  standIn.ahead = 1000
  standIn.fault = async ({ path }) => {
    const receivedAt = standIn.now
    await time.sleep(5000)
    return path === '/time' && Response.json({ receivedAt, sentAt: standIn.now })
  }
  const estimate = clock.estimate()
  await time.advance(60_000)
  await estimate
  assert.equal(clock.roundTrip, 0)
  assert.equal(clock.now(), standIn.now)
})

test('setting the device\'s clock changes nothing', async () => {
  const { time, standIn, clock } = begin()
  standIn.ahead = 50
  await clock.estimate()
  for (const ahead of [3600_000, -86_400_000, 17]) {
    time.deviceAhead = ahead
    assert.equal(clock.now(), standIn.now)
    assert.equal(clock.offset, 50 - ahead)
  }
})

test('it is estimated again after a minute, and a worse sample is not taken for a better one', async () => {
  const { time, standIn, clock } = begin()
  await clock.start()
  assert.equal(standIn.asked.length, 5)
  assert.equal(clock.roundTrip, 0)
  standIn.latency = 500
  await time.advance(70_000)
  assert.equal(standIn.asked.length, 10)
  assert.equal(clock.roundTrip, 0)
  // A sample grows old: two clocks drift apart by up to 50 parts in a million.
  standIn.ahead = 40
  standIn.latency = 1
  await time.advance(120_000)
  assert.equal(clock.roundTrip, 2)
  near(clock.now(), standIn.now, 1)
  clock.stop()
  assert.equal(time.timerCount, 0)
})

test('it is asked less and less often, but at once after a sleep', async () => {
  const { time, standIn, clock } = begin()
  await clock.start()
  const times = async (milliseconds) => {
    const before = standIn.asked.length
    await time.advance(milliseconds)
    return (standIn.asked.length - before) / 5
  }
  for (const minutes of [1, 2, 4, 8, 10, 10]) assert.deepEqual([await times(minutes * 60_000 - 1000), await times(1000)], [0, 1])
  time.doze(3600_000)
  clock.now()
  assert.equal(await times(1000), 1)
  clock.stop()
})

test('after a sleep it is estimated anew at once', async () => {
  const { time, standIn, clock } = begin()
  await clock.start()
  standIn.latency = 30
  time.doze(8 * 3600_000)
  standIn.ahead += 8 * 3600_000
  clock.now()
  await time.advance(1000)
  near(clock.now(), standIn.now, 30)
  clock.stop()
})

test('a server that is away is asked again, and the first try does not hold anyone up', async () => {
  const { time, standIn, clock } = begin()
  standIn.fault = () => refused()
  await clock.start()
  assert.equal(clock.isKnown, false)
  standIn.fault = () => undefined
  await time.advance(1000)
  assert.equal(clock.isKnown, true)
  clock.stop()
})

test('who started it twice has to stop it twice', async () => {
  const { time, standIn, clock } = begin()
  await clock.start()
  await clock.start()
  clock.stop()
  await time.advance(61_000)
  assert.equal(standIn.asked.length, 10)
  clock.stop()
  await settle()
  await time.advance(120_000)
  assert.equal(standIn.asked.length, 10)
})
