// Run it while `npm run dev` runs: npx wrangler dev -c examples/two-workers/wrangler.login.toml \
//   --port 8791 --env-file "$PWD/.dev.vars" --env-file "$PWD/.portcullis/database.env"
// The other half is wrangler.feed.toml, on another port. Where the service has another address, add
// --var ISSUER:http://127.0.0.1:PORT. With `npm run dev -- --data DIR`, take its database.env.
//
// The service, deployed twice over one database. One Worker answers guards, which ask for the feed
// and the keys; the other answers everything else. Code and settings are the same; only the routes
// differ.

import { createWorker } from 'portcullis/server'

export default createWorker()
