// The guarded Worker over the service's feed.

import { createGuarded } from './create-guarded.ts'

export default createGuarded()
