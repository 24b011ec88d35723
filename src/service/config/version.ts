/** The version of this service, as in package.json (a test compares them). */
export const version = '0.6.0'
