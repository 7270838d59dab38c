// Shows that a follower gets every frame once and in order, whatever the server has and whatever goes wrong: under a
// virtual time, against a stand-in with scripted faults.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServerError, connect } from '../../Web/syncstreamer.mjs'
import { StandIn, problem, refused } from './support/stand-in.mjs'
import { VirtualTime, settle } from './support/virtual-time.mjs'

const WAYS = { waiting: ['after', 'events'], events: ['events'], index: [] }

function begin(way = 'waiting', options = {}) {
  const time = new VirtualTime()
  const standIn = new StandIn(time)
  standIn.has = new Set(WAYS[way])
  const server = connect('http://stand-in/', { fetch: standIn.fetch, environment: time.environment() })
  const controller = new AbortController()
  const seen = []
  const told = { gaps: [], troubles: [], recoveries: 0 }
  const follow = (more = {}) => {
    const run = async () => {
      const following = server.follow({
        signal: controller.signal,
        onGap: (gap) => told.gaps.push(gap),
        onTrouble: (trouble) => told.troubles.push(trouble),
        onRecovered: () => told.recoveries++,
        ...options, ...more,
      })
      for await (const frame of following) seen.push(frame.id)
    }
    told.end = run().catch((error) => error)
  }
  const close = async () => {
    controller.abort()
    await settle()
    assert.equal(time.timerCount, 0, 'a timer is left')
  }
  return { time, standIn, server, seen, told, follow, close, controller }
}

const second = (number) => [number * 1000, number * 1000 + 1000]
const ids = (...numbers) => numbers.map((number) => String(number * 1000))

for (const way of Object.keys(WAYS)) {
  test(`${way}: from the newest frame on, each once`, async () => {
    const { time, standIn, seen, follow, close, told } = begin(way)
    for (const number of [1, 2, 3]) standIn.add(...second(number))
    follow()
    await time.advance(300)
    assert.deepEqual(seen, ids(3))
    for (const number of [4, 5, 9]) {
      standIn.add(...second(number))
      await time.advance(1000)
    }
    assert.deepEqual(seen, ids(3, 4, 5, 9))
    // Two at once.
    standIn.add(...second(10))
    standIn.add(...second(11))
    await time.advance(1000)
    assert.deepEqual(seen, ids(3, 4, 5, 9, 10, 11))
    assert.deepEqual([told.gaps, told.troubles], [[], []])
    await close()
  })

  test(`${way}: from a time on, what is there and then what comes`, async () => {
    const { time, standIn, seen, follow, close } = begin(way, { from: 2500 })
    for (const number of [1, 2, 3, 4]) standIn.add(...second(number))
    follow()
    await time.advance(300)
    assert.deepEqual(seen, ids(2, 3, 4))
    standIn.add(...second(5))
    await time.advance(1000)
    assert.deepEqual(seen, ids(2, 3, 4, 5))
    await close()
  })

  test(`${way}: from a time to come on, nothing that was before`, async () => {
    const { time, standIn, seen, follow, close } = begin(way, { from: 9500 })
    standIn.add(...second(1))
    follow()
    await time.advance(300)
    standIn.add(...second(2))
    await time.advance(1000)
    assert.deepEqual(seen, ids(2))
    await close()
  })

  test(`${way}: after a frame on`, async () => {
    const { time, standIn, seen, follow, close } = begin(way, { after: '2000' })
    for (const number of [1, 2, 3, 4]) standIn.add(...second(number))
    follow()
    await time.advance(300)
    assert.deepEqual(seen, ids(3, 4))
    await close()
  })

  test(`${way}: on a server that has nothing yet`, async () => {
    const { time, standIn, seen, follow, close } = begin(way)
    follow()
    await time.advance(100_000)
    assert.deepEqual(seen, [])
    standIn.add(...second(1))
    await time.advance(6000)
    assert.deepEqual(seen, ids(1))
    await close()
  })

  test(`${way}: a server that goes away and comes back`, async () => {
    const { time, standIn, seen, follow, close, told } = begin(way)
    standIn.add(...second(1))
    follow()
    await time.advance(300)
    standIn.goDown()
    await time.advance(120_000)
    assert.ok(told.troubles.length > 3)
    assert.equal(told.recoveries, 0)
    for (const number of [2, 3, 4]) standIn.add(...second(number))
    standIn.isUp = true
    await time.advance(40_000)
    standIn.add(...second(5))
    await time.advance(2000)
    assert.deepEqual(seen, ids(1, 2, 3, 4, 5))
    assert.equal(told.recoveries, 1)
    assert.deepEqual(told.gaps, [])
    await close()
  })

  test(`${way}: what was removed meanwhile is a gap, and it goes on with the earliest`, async () => {
    const { time, standIn, seen, follow, close, told } = begin(way)
    standIn.add(...second(1))
    follow()
    await time.advance(300)
    standIn.goDown()
    await time.advance(1000)
    for (const number of [2, 3, 4, 5]) standIn.add(...second(number))
    standIn.retire(3)
    standIn.isUp = true
    await time.advance(40_000)
    assert.deepEqual(seen, ids(1, 4, 5))
    assert.deepEqual(told.gaps, [{ from: 2000, to: 4000, reason: 'removed' }])
    standIn.add(...second(6))
    await time.advance(2000)
    assert.deepEqual(seen, ids(1, 4, 5, 6))
    await close()
  })

  test(`${way}: an abort ends it, whatever it waits for`, async () => {
    for (const until of [0, 10, 300, 2000, 20_000]) {
      const { time, standIn, follow, close, told, controller } = begin(way)
      standIn.latency = 7
      standIn.add(...second(1))
      follow()
      await time.advance(until)
      controller.abort(new Error('enough'))
      assert.equal((await told.end).message, 'enough')
      await close()
    }
  })
}

test('waiting costs one request a frame, and one in 25 s where nothing comes', async () => {
  const { time, standIn, follow, close } = begin()
  standIn.add(...second(1))
  follow()
  await time.advance(100_500)
  const after = '/frame/after/1000?wait=25'
  assert.deepEqual(standIn.asked, ['/frame?limit=1', after, '/1000', ...Array(4).fill(after)])
  await close()
})

test('frames of a tenth of a second are kept up with, where the way is as long', async () => {
  for (const way of Object.keys(WAYS).slice(0, 2)) {
    const { time, standIn, seen, follow, close } = begin(way)
    standIn.add(0, 100)
    standIn.latency = 40
    follow()
    for (let start = 100; start < 10_000; start += 100) {
      await time.advance(100)
      standIn.add(start, start + 100)
    }
    await time.advance(200)
    assert.ok(Number(seen.at(-1)) >= 9800, `${way}: ${seen.at(-1)}`)
    await close()
  }
})

test('who breaks off leaves nothing behind, also where the next frame is waited for', async () => {
  for (const way of Object.keys(WAYS)) {
    const { time, standIn, server } = begin(way)
    standIn.add(...second(1))
    const run = async () => {
      for await (const frame of server.follow()) return frame.id
    }
    const first = run()
    await time.advance(0)
    assert.equal(await first, '1000')
    await settle()
    assert.equal(time.timerCount, 0, way)
  }
})

test('who may not wait asks no more than once a second', async () => {
  const { time, standIn, follow, close } = begin()
  standIn.add(...second(1))
  standIn.fault = ({ path }) => (path.startsWith('/frame/after') ? new Response(null, { status: 204 }) : undefined)
  follow()
  await time.advance(10_000)
  assert.ok(standIn.asked.length < 14, String(standIn.asked.length))
  await close()
})

test('tries lie further and further apart, and not all followers try at once', async () => {
  const gapsOf = async (random) => {
    const { time, standIn, server, controller } = begin()
    Object.assign(server.environment, { random: () => random })
    standIn.add(...second(1))
    standIn.isUp = false
    const waits = []
    void server.follow({ signal: controller.signal, onTrouble: ({ retryIn }) => waits.push(retryIn) }).next().catch(() => {})
    await time.advance(200_000)
    controller.abort()
    await settle()
    return waits.slice(0, 9)
  }
  assert.deepEqual(await gapsOf(1), [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  assert.deepEqual(await gapsOf(0), [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
})

test('Retry-After is honoured, in seconds and as a date', async () => {
  for (const field of ['7', () => new Date(VirtualTime.EPOCH + 7000).toUTCString()]) {
    const { time, standIn, follow, close, told, seen } = begin()
    standIn.add(...second(1))
    const value = typeof field === 'string' ? field : field()
    standIn.fault = () => (time.true < VirtualTime.EPOCH + 6000 ? problem(503, {}, { 'Retry-After': value }) : undefined)
    follow()
    await time.advance(6999)
    assert.equal(standIn.asked.length, 1)
    await time.advance(1)
    assert.deepEqual(seen, ids(1))
    assert.equal(told.troubles[0].retryIn, 7000)
    assert.ok(told.troubles[0].error instanceof ServerError)
    await close()
  }
})

test('when the device comes online it tries at once', async () => {
  const { time, standIn, follow, close, seen } = begin()
  standIn.add(...second(1))
  standIn.isUp = false
  follow()
  await time.advance(100_000)
  standIn.isUp = true
  time.events.dispatchEvent(new Event('online'))
  await settle()
  assert.deepEqual(seen, ids(1))
  await close()
})

test('an answer that never comes is given up, and the request made again', async () => {
  const { time, standIn, follow, close, told, seen } = begin()
  standIn.add(...second(1))
  let isHanging = true
  standIn.fault = ({ path, init }) => (path === '/1000' && isHanging ? time.sleep(1e9, init.signal) : undefined)
  follow()
  await time.advance(29_999)
  isHanging = false
  assert.equal(told.troubles.length, 0)
  await time.advance(1001)
  assert.match(String(told.troubles[0].error), /nothing came for 30000 ms/)
  assert.deepEqual(seen, ids(1))
  await close()
})

test('a frame that was listed and is not there yet is asked for again; one that never comes is a gap', async () => {
  const { time, standIn, follow, close, told, seen } = begin()
  standIn.add(...second(1))
  let count = 0
  standIn.fault = ({ path }) => {
    if (path === '/1000' && ++count <= 2) return problem(404)
    if (path === '/2000') return problem(404)
    if (path === '/3000') return new Response('no frame at all, though long enough')
    if (path === '/4000') return problem(410)
  }
  follow()
  await time.advance(3000)
  assert.deepEqual(seen, ids(1))
  for (const number of [2, 3, 4, 5]) standIn.add(...second(number))
  await time.advance(60_000)
  assert.deepEqual(seen, ids(1, 5))
  assert.deepEqual(told.gaps, [
    { from: 2000, to: 3000, reason: 'missing' },
    { from: 3000, to: 4000, reason: 'damaged' },
    { from: 4000, to: 5000, reason: 'removed' },
  ])
  await close()
})

test('an event stream that falls silent is opened again, where it broke off', async () => {
  const { time, standIn, follow, close, seen } = begin('events')
  standIn.add(...second(1))
  follow()
  await time.advance(1000)
  const before = standIn.asked.length
  await time.advance(46_000)
  assert.ok(standIn.asked.length > before)
  standIn.add(...second(2))
  await time.advance(1000)
  assert.deepEqual(seen, ids(1, 2))
  await close()
})

test('a server that learns to wait while it is away is asked to', async () => {
  const { time, standIn, follow, close, seen } = begin('index')
  standIn.add(...second(1))
  follow()
  await time.advance(5000)
  standIn.goDown()
  await time.advance(5000)
  standIn.has = new Set(['after'])
  standIn.isUp = true
  await time.advance(20_000)
  assert.match(standIn.asked.at(-1), /^\/frame\/after\/1000/)
  standIn.add(...second(2))
  await settle()
  assert.deepEqual(seen, ids(1, 2))
  await close()
})

test('what does not pass is thrown', async () => {
  const { time, standIn, follow, told } = begin()
  standIn.fault = () => problem(403, { detail: 'Not for you.' })
  follow()
  await time.advance(10)
  const error = await told.end
  assert.deepEqual([error.status, error.message], [403, 'A test: Not for you.'])
})

test('an index of the Go server\'s form is understood', async () => {
  const { time, standIn, follow, close, seen } = begin('index')
  standIn.fault = ({ path }) =>
    path.startsWith('/frame') ? Response.json([{ StartAt: 1000, EndAt: 2000, Id: '1000' }]) : undefined
  standIn.add(...second(1))
  follow()
  await time.advance(1000)
  assert.deepEqual(seen, ids(1))
  await close()
})

// A hundred servers whose answers fail by chance, of which each can be had again by its number.
test('whatever fails, no frame is missed or seen twice', async () => {
  for (let seed = 1; seed <= 100; seed++) {
    let state = seed
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647
    const { time, standIn, follow, close, seen, told } = begin(Object.keys(WAYS)[seed % 3])
    standIn.latency = () => random() * 40
    standIn.fault = ({ init }) => {
      const dice = random()
      if (dice < 0.1) refused()
      if (dice < 0.15) return problem(503, {}, { 'Retry-After': '1' })
      if (dice < 0.18) return time.sleep(1e9, init.signal)
    }
    standIn.add(...second(1))
    follow({ from: 0 })
    for (let number = 2; number <= 12; number++) {
      await time.advance(random() * 3000)
      standIn.add(...second(number))
    }
    for (let round = 0; round < 60 && seen.length < 12; round++) await time.advance(10_000)
    assert.deepEqual(seen, ids(...Array.from({ length: 12 }, (_, index) => index + 1)), `seed ${seed}`)
    assert.deepEqual(told.gaps, [], `seed ${seed}`)
    await close()
  }
})
