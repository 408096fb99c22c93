// Two builds of one app, and its unit tests.
//   --mode host   plugin/dist/index.js + styles.css, which ProxyCast runs as a classic script
//   --mode web    target/ui, which the gateway's binary embeds and serves at `/`
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

import { defineConfig } from 'vitest/config'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// Tauri's web views: WebKitGTK, WKWebView and WebView2 as old as the host still supports.
const TARGET = ['es2021', 'chrome100', 'safari15']

// Libraries mark their files for server rendering, which there is none of here.
const onwarn = (warning: { code?: string | undefined }, warn: (warning: never) => void) => {
  if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning as never)
}

/** Puts a compressed copy beside every file: the gateway compresses nothing itself. */
const compressed = (folder: string) => ({
  name: 'compressed',
  closeBundle() {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile()) writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }))
    }
  },
})

export default defineConfig(({ mode }) => {
  const host = mode === 'host'
  const shared = {
    define: {
      __HOST__: JSON.stringify(host),
      ...(host ? { 'process.env.NODE_ENV': '"production"' } : {}),
    },
    esbuild: { jsx: 'automatic' as const, legalComments: 'none' as const },
    test: {
      environment: 'jsdom',
      include: ['src/**/*.spec.{ts,tsx}'],
      setupFiles: ['src/testing/setup.ts'],
      restoreMocks: true,
      // A busy machine is no reason to fail.
      testTimeout: 180_000,
    },
  }
  if (host) {
    return {
      ...shared,
      publicDir: false as const,
      // The host has one React root and hands out React alone: react-dom must not come in.
      resolve: { alias: { 'react-dom': at('src/host/reactDom.ts') } },
      build: {
        target: TARGET,
        outDir: at('plugin/dist'),
        emptyOutDir: true,
        cssCodeSplit: false,
        lib: {
          entry: at('src/index.tsx'),
          name: 'DroidProviderPlugin',
          formats: ['iife' as const],
          fileName: () => 'index.js',
          cssFileName: 'styles',
        },
        rollupOptions: {
          onwarn,
          external: ['react'],
          output: { globals: { react: 'React' }, exports: 'named' as const },
        },
      },
    }
  }
  return {
    ...shared,
    base: '/',
    publicDir: false as const,
    ...(mode === 'test' ? { root: at('.') } : { root: at('src'), plugins: [compressed(at('target/ui'))] }),
    build: {
      target: TARGET,
      outDir: at('target/ui'),
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 700,
      rollupOptions: { onwarn },
    },
    server: {
      proxy: Object.fromEntries(
        ['/admin', '/v1', '/v1beta', '/healthz', '/readyz', '/metrics', '/droid'].map((path) => [
          path,
          'http://127.0.0.1:8787',
        ]),
      ),
    },
  }
})
