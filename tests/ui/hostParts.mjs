// What ProxyCast hands to plugins as `ProxyCastPluginComponents`: shadcn's parts, on the same
// primitives and with the same markup as shadcn's, in class names of the stand-in's own.
import { Root as SwitchRoot, Thumb } from '@radix-ui/react-switch'
import * as RadixTabs from '@radix-ui/react-tabs'
import { createElement as h, forwardRef } from 'react'

const cn = (...it) => it.filter(Boolean).join(' ')

const part = (tag, name) =>
  forwardRef(({ variant, size, className, ...rest }, ref) =>
    h(tag, { ...rest, ref, className: cn(name, variant && `${name}-${variant}`, size && `${name}-${size}`, className) }),
  )

export const parts = {
  Button: part('button', 'hb'),
  Input: part('input', 'hi'),
  Textarea: part('textarea', 'hi'),
  Badge: part('div', 'hbadge'),
  Card: part('div', 'hc'),
  CardHeader: part('div', 'hch'),
  CardTitle: part('h3', 'hct'),
  CardContent: part('div', 'hcc'),
  Label: part('label', 'hl'),
  Switch: forwardRef(({ className, ...rest }, ref) =>
    h(SwitchRoot, { ...rest, ref, className: cn('hs', className) }, h(Thumb, { className: 'hs-thumb' })),
  ),
  Tabs: RadixTabs.Root,
  TabsList: part(RadixTabs.List, 'htl'),
  TabsTrigger: part(RadixTabs.Trigger, 'htt'),
  TabsContent: part(RadixTabs.Content, 'htc'),
  cn,
  toast: () => {},
  providerPoolApi: {},
}
