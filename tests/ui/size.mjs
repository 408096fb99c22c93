// Prints how large the two builds are, and fails when one has outgrown its bound.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const KB = 1024
const root = new URL('../..', import.meta.url).pathname
const assets = join(root, 'target/ui/assets')
const inAssets = (ext) =>
  readdirSync(assets)
    .filter((it) => it.endsWith(ext))
    .map((it) => join(assets, it))

const PARTS = [
  ['host script', [join(root, 'plugin/dist/index.js')], 180 * KB],
  ['host styles', [join(root, 'plugin/dist/styles.css')], 10 * KB],
  ['web scripts', inAssets('.js'), 240 * KB],
  ['web styles', inAssets('.css'), 10 * KB],
]
// What the host loads as a whole.
const HOST_BOUND = 200 * KB

let failed = false
let host = 0
for (const [name, files, bound] of PARTS) {
  const raw = files.reduce((sum, it) => sum + readFileSync(it).length, 0)
  const zipped = files.reduce((sum, it) => sum + gzipSync(readFileSync(it)).length, 0)
  if (name.startsWith('host')) host += zipped
  const over = zipped > bound
  failed ||= over
  const line = [name.padEnd(12), kb(raw), 'raw', kb(zipped), 'gzip', 'of', kb(bound)]
  console.log(line.join(' ') + (over ? '  TOO LARGE' : ''))
}
console.log(`host in all ${kb(host)} gzip of ${kb(HOST_BOUND)}`)
if (failed || host > HOST_BOUND) process.exit(1)

function kb(bytes) {
  return `${(bytes / KB).toFixed(1)} KB`.padStart(9)
}
