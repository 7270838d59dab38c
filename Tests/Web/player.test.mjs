// Shows that the player delivers every item once, in the order of time, at the moment it is due by the server's clock; and
// what pause, seek, catch-up, gaps and a dead server do to that. Under a virtual time, against a stand-in.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Player, connect } from '../../Web/syncstreamer.mjs'
import { StandIn } from './support/stand-in.mjs'
import { VirtualTime, settle } from './support/virtual-time.mjs'

const E = VirtualTime.EPOCH
const SECOND = 1000

/** A server with frames of a second, of which some are sealed and the others come, each with the items that are in its time. */
function begin({ sealed = 5, items = [], options = {}, way = ['after', 'events'], ahead = 0 } = {}) {
  const time = new VirtualTime()
  const standIn = new StandIn(time)
  standIn.has = new Set(way)
  standIn.ahead = ahead
  const seal = (start, more = items) => {
    const channels = new Map()
    for (const [at, channel = 'a', text = String(at)] of more) {
      if (at < start || at >= start + SECOND) continue
      channels.set(channel, [...(channels.get(channel) ?? []), [E + at, text]])
    }
    standIn.add(E + start, E + start + SECOND, [...channels].map(([id, list]) => ({ id, items: list })))
  }
  for (let number = -sealed; number < 0; number++) seal(number * SECOND)
  const server = connect('http://stand-in', { fetch: standIn.fetch, environment: time.environment() })
  const heard = []
  const told = []
  const player = new Player(server, options)
  player.on('item', (item, channel, dueIn) =>
    heard.push({ at: item.timestamp - E, channel: channel.id, now: standIn.now - E, dueIn }))
  for (const name of ['gap', 'stall', 'seek', 'trouble', 'recovered', 'error']) {
    player.on(name, (content) => told.push([name, content]))
  }
  const states = []
  player.on('state', (state) => states.push(state + (player.isLive ? ' live' : '')))
  /** Lets time pass, in which a frame is sealed whenever its time is over, and gets here after `way` ms. */
  const run = async (milliseconds, lateness = 0) => {
    const end = standIn.now - E + milliseconds
    for (;;) {
      const next = Math.floor((standIn.now - E - lateness) / SECOND) * SECOND + SECOND
      if (next + lateness > end) break
      await time.advance(next + lateness - (standIn.now - E))
      seal(next - SECOND)
    }
    await time.advance(end - (standIn.now - E))
  }
  const close = async () => {
    player.close()
    await settle()
    assert.equal(time.timerCount, 0, 'a timer is left')
  }
  return { time, standIn, server, player, heard, told, states, run, seal, close, position: () => player.position - E }
}

const every = (milliseconds, from, to, channel) =>
  Array.from({ length: (to - from) / milliseconds }, (_, index) => [from + index * milliseconds, channel])
const times = (heard) => heard.map(({ at }) => at)

test('each item is delivered when it is due, by the server\'s clock and not the device\'s', async () => {
  const items = every(100, -5000, 10_000)
  const { time, heard, run, close } = begin({ items, options: { delay: 1600 } })
  time.deviceAhead = 3600_000
  await run(5000)
  assert.deepEqual(times(heard), every(100, -1600, 3500).map(([at]) => at))
  for (const { at, now } of heard) assert.ok(now - at >= 1600 && now - at < 1605, `${at} at ${now}`)
  await close()
})

test('all channels in the order of time, and what is of one time in the frame\'s order', async () => {
  const items = [[150, 'b', 'x'], [100, 'a', 'y'], [300, 'c', 'z'], [150, 'a', 'w'], [120, 'b', 'v'], [50, 'c', 'u']]
  const { heard, run, close } = begin({ items, options: { delay: 1500 } })
  await run(3000)
  assert.deepEqual(heard.map(({ at, channel }) => [at, channel]),
    [[50, 'c'], [100, 'a'], [120, 'b'], [150, 'b'], [150, 'a'], [300, 'c']])
  await close()
})

test('a delay of its own choice: a frame and its way, measured', async () => {
  const { player, run, close, told, heard } = begin({ items: every(100, -5000, 20_000) })
  await run(2000)
  assert.equal(player.delay, 1500)
  // Frames that come later make it longer, once.
  await run(6000, 700)
  assert.ok(player.delay > 1700 && player.delay < 2000, String(player.delay))
  const stalls = told.filter(([name]) => name === 'stall').length
  await run(6000, 700)
  assert.equal(told.filter(([name]) => name === 'stall').length, stalls)
  assert.deepEqual(times(heard), every(100, -1500, times(heard).at(-1) + 100).map(([at]) => at))
  await close()
})

test('a delay for a server that waits for late items', async () => {
  const items = every(100, -5000, 60_000)
  const { player, run, close, told, heard, seal } = begin({ sealed: 0, items })
  for (const start of [-6000, -5000, -4000]) seal(start)
  const late = 2700
  // Frames come so long after their end, the first at once.
  await run(10_000, late)
  assert.ok(player.delay >= 1000 + late && player.delay < 2000 + late, String(player.delay))
  const stalls = told.filter(([name]) => name === 'stall').length
  await run(10_000, late)
  assert.equal(told.filter(([name]) => name === 'stall').length, stalls)
  assert.equal(player.isLive, true)
  assert.ok(times(heard).at(-1) > 20_000 - 2000 - late)
  await close()
})

test('an outage makes the delay no longer', async () => {
  const { time, standIn, player, run, close, seal } = begin({ items: every(100, -5000, 60_000) })
  await run(3000)
  const { delay } = player
  standIn.goDown()
  await time.advance(12_000)
  for (let start = 3000; start < 15_000; start += SECOND) seal(start)
  standIn.isUp = true
  await run(20_000)
  assert.equal(player.delay, delay)
  await close()
})

test('what came just before is delivered at once, as much as is asked for', async () => {
  const items = every(500, -5000, 5000)
  const { heard, run, close } = begin({ items, options: { delay: 1500, preroll: 2000 } })
  await run(10)
  assert.deepEqual(times(heard), [-3500, -3000, -2500, -2000, -1500])
  await close()
})

test('pause stops, play goes on from there, live goes back to the edge', async () => {
  const items = every(100, -5000, 60_000)
  const { heard, run, close, player, position, states } = begin({ items, options: { delay: 1500 } })
  await run(1050)
  player.pause()
  const [count, where] = [heard.length, position()]
  await run(20_000)
  assert.equal(heard.length, count)
  assert.equal(position(), where)
  assert.deepEqual([player.state, player.isLive, player.isPaused], ['paused', false, true])
  player.play()
  await run(3000)
  assert.deepEqual(times(heard), every(100, -1500, position() + 100 - (position() % 100)).map(([at]) => at).filter((at) => at <= position()))
  assert.equal(position(), where + 3000)
  assert.equal(player.isLive, false)
  player.live()
  await run(1000)
  assert.equal(position(), 25_050 - 1500)
  assert.equal(times(heard).at(-1), 23_500)
  assert.deepEqual(states, ['loading live', 'playing live', 'paused', 'playing', 'loading live', 'playing live'])
  await close()
})

test('seek plays the past, and shows it where it is paused', async () => {
  const items = every(250, -60_000, 60_000)
  const { heard, run, close, player, position, told } = begin({ sealed: 60, items, options: { delay: 1500, preroll: 1000 } })
  await run(500)
  heard.length = 0
  player.seek(E - 40_000)
  await run(500)
  assert.deepEqual(times(heard), [-41_000, -40_750, -40_500, -40_250, -40_000, -39_750, -39_500])
  assert.equal(position(), -39_500)
  player.pause()
  heard.length = 0
  player.seek(E - 20_000)
  await run(2000)
  assert.deepEqual(times(heard), [-21_000, -20_750, -20_500, -20_250, -20_000])
  assert.deepEqual([player.state, position()], ['paused', -20_000])
  assert.deepEqual(told.filter(([name]) => name === 'seek').map(([, at]) => at - E), [-1500, -40_000, -20_000])
  await close()
})

test('a seek to the future is the live edge, and one past the beginning the first frame', async () => {
  const { run, close, player, position, told } = begin({ sealed: 5, items: every(500, -5000, 20_000), options: { delay: 1500 } })
  await run(100)
  player.seek(E + 99_000)
  await run(100)
  assert.equal(player.isLive, true)
  player.pause()
  player.seek(E - 100_000)
  await run(100)
  assert.equal(position(), -5000)
  player.seek(E + 99_000)
  assert.equal(position(), 300 - 1500)
  assert.deepEqual(told.filter(([name]) => name === 'error'), [])
  await close()
})

test('catching up ends at the live edge, with every item once', async () => {
  const items = every(100, -30_000, 60_000)
  const { heard, run, close, player, position, states } = begin({ sealed: 30, items, options: { delay: 1500, from: E - 11_500 } })
  await run(50)
  assert.equal(player.isLive, false)
  player.catchUp(3)
  assert.equal(player.rate, 3)
  await run(6000)
  assert.equal(player.isLive, true)
  assert.equal(player.rate, 1)
  assert.equal(position(), 6050 - 1500)
  assert.deepEqual(times(heard), every(100, -11_500, 4600).map(([at]) => at))
  assert.deepEqual(states.filter((state, index) => state !== states[index - 1]), ['loading', 'playing', 'playing live'])
  await close()
})

test('in the past a time without frames is jumped over, and said', async () => {
  const { time, standIn, seal, heard, close, player, told, position } = begin({ sealed: 0, options: { delay: 1500, from: E - 60_000 } })
  const items = every(500, -60_000, 0)
  for (const start of [-60_000, -59_000, -20_000, -19_000]) seal(start, items)
  await time.advance(3000)
  assert.deepEqual(times(heard), [-60_000, -59_500, -59_000, -58_500, -20_000, -19_500, -19_000])
  assert.equal(position(), -19_000)
  assert.deepEqual(told.filter(([name]) => name === 'gap'), [['gap', { from: E - 58_000, to: E - 20_000, reason: 'empty' }]])
  assert.ok(standIn.asked.length < 20 && player.state === 'playing')
  await close()
})

test('a dead server: it plays on what it has, stalls, and goes on when the server is back', async () => {
  const items = every(100, -5000, 60_000)
  const { time, standIn, seal, heard, run, close, player, told } = begin({ items, options: { delay: 3000 } })
  await run(2000)
  standIn.goDown()
  await time.advance(5000)
  const asked = time.timersSet
  await time.advance(5000)
  assert.ok(time.timersSet - asked < 50, 'it looks again and again')
  assert.equal(player.state, 'stalled')
  assert.equal(times(heard).at(-1), 1900)
  assert.ok(told.some(([name]) => name === 'trouble'))
  assert.ok(!told.some(([name]) => name === 'recovered'))
  for (let start = 2000; start < 12_000; start += SECOND) seal(start)
  standIn.isUp = true
  await time.advance(10_000)
  assert.ok(told.some(([name]) => name === 'recovered'))
  assert.deepEqual(times(heard), every(100, -3000, 12_000).map(([at]) => at))
  await close()
})

test('a server that is dead at the beginning is waited for', async () => {
  const { time, standIn, heard, close, player, told } = begin({ items: every(100, -5000, 0), options: { delay: 95_000 } })
  standIn.isUp = false
  await time.advance(59_000)
  assert.equal(player.state, 'loading')
  standIn.isUp = true
  await time.advance(31_000)
  assert.ok(told.some(([name]) => name === 'trouble') && told.some(([name]) => name === 'recovered'))
  assert.ok(heard.length > 0)
  await close()
})

test('what is too far behind at the live edge is skipped, and said', async () => {
  const items = every(1000, -200_000, 300_000)
  const { time, standIn, seal, heard, run, close, told, player } = begin({ items, options: { delay: 1500, lagMax: 20_000 } })
  await run(2000)
  standIn.goDown()
  await time.advance(100_000)
  for (let start = 2000; start < 101_000; start += SECOND) seal(start)
  standIn.isUp = true
  heard.length = 0
  await run(30_000)
  assert.deepEqual(told.filter(([name]) => name === 'gap').map(([, gap]) => gap.reason), ['skipped'])
  assert.ok(times(heard)[0] > 80_000, String(times(heard)[0]))
  assert.equal(player.isLive, true)
  await close()
})

test('it fetches only so far ahead, by time and by octets', async () => {
  const items = every(1000, -300_000, 0)
  for (const options of [{ bufferTime: 10_000 }, { bufferOctets: 700 }]) {
    const { standIn, run, close, player, heard } = begin({ sealed: 300, items, options: { delay: 1500, from: E - 300_000, ...options } })
    await run(100)
    const frames = () => standIn.asked.filter((path) => /^\/\d+$/.test(path)).length
    assert.ok(frames() <= 12, String(frames()))
    await run(20_000)
    assert.ok(frames() >= 20 && frames() <= 32, String(frames()))
    assert.equal(heard.length, 21)
    player.pause()
    const before = frames()
    await run(60_000)
    assert.ok(frames() - before <= 1)
    await close()
  }
})

test('only the channels that are wanted', async () => {
  const items = [...every(500, -5000, 0, 'a'), ...every(500, -5000, 0, 'b')]
  const { run, close, heard } = begin({ items, options: { delay: 1500, preroll: 3000, wants: (id) => id === 'b' } })
  await run(1000)
  assert.deepEqual(new Set(heard.map(({ channel }) => channel)), new Set(['b']))
  await close()
})

test('an item that comes late is delivered at once, and says so', async () => {
  const { time, standIn, heard, run, close } = begin({ items: [[-800]], options: { delay: 1500 } })
  await run(500)
  standIn.add(E, E + 1000, [{ id: 'late', items: [[E - 1200, 'x']] }])
  await time.advance(10)
  const late = heard.find(({ channel }) => channel === 'late')
  assert.ok(late && late.dueIn < 0 && late.dueIn > -300, JSON.stringify(late))
  await close()
})

test('an item says how long until it is due, and a listener may steer', async () => {
  const { player, run, close, heard } = begin({ items: every(100, -5000, 60_000), options: { delay: 1500 } })
  await run(100)
  assert.equal(Math.round(player.timeUntil(E + 1000)), 2400)
  const off = player.on('item', () => player.pause())
  await run(300)
  off()
  assert.equal(player.state, 'paused')
  const count = heard.length
  await run(2000)
  assert.equal(heard.length, count)
  await close()
})

test('what a server refuses for good ends it', async () => {
  const { standIn, run, close, player, told } = begin()
  standIn.fault = ({ path }) => (path.startsWith('/frame') ? new Response('no', { status: 403 }) : undefined)
  await run(100)
  assert.equal(player.state, 'failed')
  assert.equal(told.at(-1)[1].status, 403)
  await close()
})

test('closing it ends all of it', async () => {
  for (const until of [0, 5, 500, 3000]) {
    const { standIn, run, close, player } = begin({ items: every(100, -5000, 0) })
    standIn.latency = 3
    await run(until)
    await close()
    const count = standIn.asked.length
    await run(100_000)
    assert.equal(standIn.asked.length, count)
    player.live()
    player.play()
    assert.equal(player.state, 'closed')
  }
})

test('whatever is pressed, items come in order and once, and the player always comes back to the live edge', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    let state = seed
    const random = (below) => Math.floor(((state = (state * 48271) % 2147483647) / 2147483647) * below)
    const { time, standIn, heard, run, close, player, told } = begin({
      sealed: 40, items: every(200, -40_000, 200_000), way: [['after', 'events'], ['events'], []][seed % 3],
      options: { delay: seed % 2 ? 'auto' : 2500, preroll: random(3) * 1000, bufferTime: 3000 },
    })
    standIn.latency = random(60)
    // A jump begins anew; between two of them, time goes on.
    player.on('seek', () => (heard.length = 0))
    const check = () => {
      const list = times(heard)
      for (let index = 1; index < list.length; index++) {
        assert.ok(list[index] > list[index - 1], `seed ${seed}: ${list[index]} after ${list[index - 1]}`)
        assert.equal(list[index] - list[index - 1], 200, `seed ${seed}: an item is missing before ${list[index]}`)
      }
    }
    for (let step = 0; step < 25; step++) {
      const actions = [
        () => player.play(), () => player.pause(), () => player.live(), () => player.catchUp(1 + random(4)),
        () => player.seek(time.true - random(60_000)), () => player.seek(E - 38_000 + random(30_000)), () => {},
      ]
      actions[random(actions.length)]()
      await run(random(2500))
      check()
    }
    player.live()
    await run(8000)
    check()
    assert.deepEqual([player.isLive, player.state], [true, 'playing'], `seed ${seed}`)
    assert.ok(times(heard).at(-1) > standIn.now - E - player.delay - 500, `seed ${seed}`)
    assert.deepEqual(told.filter(([name]) => name === 'error'), [])
    await close()
  }
})
