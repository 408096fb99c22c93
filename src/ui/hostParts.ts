// The host's own parts, where it has them: they look as the rest of the host does.
//
// Dialogs, menus, selects and tooltips are ours in both builds: the host's render into its body,
// where neither our styles nor our language reach, and its select and tooltip are no labelled
// control of the browser's own. Its toasts are reached through `sdk.notification`.
import type { ComponentType, ReactNode } from 'react'

// Their props are shadcn's, which pass what they do not know to the element.
type Part = ComponentType<Record<string, unknown> & { children?: ReactNode }>

const NAMES = [
  'Button',
  'Badge',
  'Card',
  'Input',
  'Label',
  'Switch',
  'Tabs',
  'TabsList',
  'TabsTrigger',
  'TabsContent',
  'Textarea',
] as const
type HostParts = Partial<Record<(typeof NAMES)[number], Part>>

function read(): HostParts {
  if (!__HOST__) return {}
  const given: unknown = (globalThis as { ProxyCastPluginComponents?: unknown })
    .ProxyCastPluginComponents
  if (typeof given !== 'object' || given === null) return {}
  const found: HostParts = {}
  for (const name of NAMES) {
    const part = (given as Record<string, unknown>)[name]
    if (typeof part === 'function' || (typeof part === 'object' && part !== null)) {
      found[name] = part as Part
    }
  }
  return found
}

export const hostParts = read()
