/** What is stored for an account without a password. No version takes it for a hash. */
export const noPassword = '!'
