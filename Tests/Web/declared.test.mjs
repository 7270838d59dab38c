// Shows that the types declare what there is, no more and no less.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as module from '../../Web/syncstreamer.mjs'
import { encode } from './support/encode.mjs'
import { StandIn } from './support/stand-in.mjs'
import { VirtualTime } from './support/virtual-time.mjs'

const types = readFileSync(new URL('../../Web/syncstreamer.d.mts', import.meta.url), 'utf8')
// What the parts of the module use of each other.
const INTERNAL = { Server: ['open', 'ask'], ServerError: ['name'], FrameError: ['name'], ConnectionError: ['name', 'cause'] }

function instances() {
  const standIn = new StandIn(new VirtualTime())
  const server = module.connect('http://x', { fetch: standIn.fetch, environment: standIn.time.environment() })
  const frame = module.decode(encode({ startAt: 1, endAt: 2, channels: [{ id: 'a', items: [[1, 'x']] }] }))
  return {
    FrameError: new module.FrameError('x', 1), ServerError: new module.ServerError(1, {}, 1),
    ConnectionError: new module.ConnectionError('x'), Item: frame.channels[0].items[0], Channel: frame.channels[0], Frame: frame,
    ServerClock: server.clock, Server: server, Player: new module.Player(server),
  }
}

const membersOf = (instance) => [
  ...Object.getOwnPropertyNames(instance), ...Object.getOwnPropertyNames(Object.getPrototypeOf(instance)),
].filter((name) => !['constructor', 'stack', 'message'].includes(name))

test('each class and each member of it', () => {
  const all = instances()
  for (const [name, instance] of Object.entries(all)) {
    const [, body] = new RegExp(`export class ${name}\\b[^{]*\\{(.*?)\\}$`, 'ms').exec(types)
    const declared = [...body.matchAll(/^  (?:readonly |get |set )?(\w+)(?:<[^>]*>)?[(:?]/gm)].map(([, member]) => member)
    const expected = new Set(declared.filter((member) => member !== 'constructor'))
    assert.deepEqual(new Set(membersOf(instance).filter((member) => !INTERNAL[name]?.includes(member))), expected, name)
  }
  all.Player.close()
})

test('each export', () => {
  const declared = [...types.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name)
  assert.deepEqual(Object.keys(module).sort(), declared.sort())
})
