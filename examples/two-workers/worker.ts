// The service, deployed twice over one database: one Worker for the feed and the keys, which guards
// ask for, and one for everything else. The same code, the same settings; only the routes differ.

import { createWorker } from 'portcullis/server'

export default createWorker()
