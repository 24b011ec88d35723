// What Hono alone does on this machine: the base of the ratios.

import { Hono } from 'hono'

export default new Hono().get('/', (c) => c.json({ status: 'success' }))
