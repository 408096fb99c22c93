// What a browser test needs: the real binary, a fake upstream, a scratch folder, Chromium, axe.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { chromium } from 'playwright-core'

export const ROOT = new URL('../..', import.meta.url).pathname
const require = createRequire(import.meta.url)
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const BIN = join(ROOT, process.env.CARGO_TARGET_DIR ?? 'target', 'debug')
export const SHOTS = join(ROOT, 'target/ui-shots')
export const ADMIN_KEY = 'adm-browser-test-0123456789abcdef'
mkdirSync(SHOTS, { recursive: true })

/** A process whose end is waited for; killed by its own handle only. */
function start(command, args, env, stdio) {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, HOME: process.env.DROID_TEST_HOME ?? tmpdir(), ...env },
    stdio,
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  return {
    child,
    stop: () => (child.kill('SIGTERM'), ended),
    kill: () => (child.kill('SIGKILL'), ended),
  }
}

function firstLine(stream, matching) {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stream })
    const seen = []
    lines.on('line', (line) => {
      seen.push(line)
      const found = matching.exec(line)
      if (found) resolve(found[1] ?? found[0])
    })
    lines.on('close', () => reject(new Error(`it ended without saying where: ${seen.join('\n')}`)))
  })
}

/** A fake upstream and a folder with a configuration that points at it. */
export async function createRig(more = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'droid-ui-'))
  const upstream = start(
    join(BIN, 'fake-upstream'),
    ['--listen', '127.0.0.1:0', '--fixtures', join(ROOT, 'src-tauri/protocol/tests/fixtures')],
    {},
    ['ignore', 'pipe', 'inherit'],
  )
  const base = await firstLine(upstream.child.stdout, /http:\/\/\S+/)
  const config = {
    settings: {
      workos: {
        auth_url: `${base}/user_management/authenticate`,
        device_url: `${base}/user_management/authorize/device`,
        authorize_url: `${base}/user_management/authorize`,
      },
      factory: { api_base_url: `${base}/api/llm`, app_base_url: base },
    },
    ...more,
  }
  const configPath = join(folder, 'config.json')
  writeFileSync(configPath, JSON.stringify(config))
  const env = {
    DROID_DATA_DIR: join(folder, 'data'),
    DROID_CONFIG: configPath,
    ADMIN_ACCESS_KEY: ADMIN_KEY,
    HOME: folder,
  }
  const running = [upstream]
  return {
    folder,
    base,
    /** Steers the fake: `control('device/approve', {code})`. */
    control: async (path, body) => {
      const response = await fetch(`${base}/__control/${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        body: body === undefined ? undefined : JSON.stringify(body),
      })
      const answer = await response.json()
      if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`)
      return answer
    },
    /** A command of the program, as a person types it; answers what it printed. */
    run: (...args) => {
      const all = { PATH: process.env.PATH, ...env }
      return execFileSync(join(BIN, 'droid-provider-cli'), args, { env: all, encoding: 'utf8' })
    },
    /** The gateway; answers its address. */
    serve: async (listen = '127.0.0.1:0') => {
      const gateway = start(
        join(BIN, 'droid-provider-cli'),
        ['serve', '--listen', listen],
        env,
        ['ignore', 'ignore', 'pipe'],
      )
      running.push(gateway)
      const url = await firstLine(gateway.child.stderr, /listening on (http:\/\/\S+)/)
      gateway.child.stderr.resume()
      return { url, stop: gateway.stop, kill: gateway.kill }
    },
    /** The plugin's process as the host keeps it: one call a line. */
    plugin: () => {
      const plugin = start(join(BIN, 'droid-provider-cli'), [], env, ['pipe', 'pipe', 'ignore'])
      running.push(plugin)
      const waiting = new Map()
      let last = 0
      createInterface({ input: plugin.child.stdout }).on('line', (line) => {
        const answer = JSON.parse(line)
        waiting.get(answer.id)?.(answer)
        waiting.delete(answer.id)
      })
      return {
        stop: plugin.stop,
        call: (method, params) =>
          new Promise((resolve) => {
            last += 1
            waiting.set(last, resolve)
            const message = { jsonrpc: '2.0', method, params: params ?? null, id: last }
            plugin.child.stdin.write(`${JSON.stringify(message)}\n`)
          }),
      }
    },
    stop: async () => {
      await Promise.all(running.map((it) => it.stop()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function createBrowser() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** A page that remembers everything that went wrong on it. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-US',
    reducedMotion: 'reduce',
    ...options,
  })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const page = await context.newPage()
  // Nothing waits for this long: a machine that is busy with other things is no failure.
  page.setDefaultTimeout(120_000)
  const problems = []
  page.on('console', (it) => {
    if (it.type() === 'error' || it.type() === 'warning') problems.push(it.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  return { page, context, problems }
}

/** What axe has against the page as it is now. */
export async function violations(page, root = '.dp') {
  await page.evaluate(AXE)
  return page.evaluate(async (at) => {
    const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const found = await globalThis.axe.run(at, {
      runOnly: { type: 'tag', values: rules },
      // The host's page, not ours, has the landmarks around a plugin.
      rules: at === '.dp' ? {} : { region: { enabled: false } },
    })
    return found.violations.map(
      (it) => `${it.id}: ${it.nodes.map((node) => `${node.html.slice(0, 160)} (${node.any[0]?.message ?? node.all[0]?.message ?? ''})`).slice(0, 3).join(' | ')}`,
    )
  }, root)
}

export async function shot(page, name) {
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true })
}
