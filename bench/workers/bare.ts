// What Hono alone does on this machine: the measure for everything else.

import { Hono } from 'hono'

export default new Hono().get('/', (c) => c.json({ status: 'success' }))
