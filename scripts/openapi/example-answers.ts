// Examples that the texts of several routes share.

export const sessionId = 'Nq8vRk2LwT0aXc5Z'
export const accessToken =
  'eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsxIn0.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'
export const refreshToken = `${sessionId}.1.4pXvN0yHq1kTz8sWbR3mJc6dLf9aUe2iGo5nYtVxKwE`
export const issued = {
  auth_token: accessToken,
  refresh_token: refreshToken,
  token_type: 'Bearer',
  expires_in: 900,
}
/** Of a login. */
export const loggedIn = {
  ...issued,
  device_token: `Zt4hQm8Wc1Xv7Bd2.1.1.1793000000.9xKdQ2mVt7bLhYc3NfRw5sZpE1gUjA8oT6iXq0CkHrM`,
}
export const credentials = { email: 'ada@example.com', password: 'correct horse battery' }
export const success = (members: object) => ({ status: 'success', ...members })

export const accountData = {
  user_id: 1,
  email: credentials.email,
  email_verified: true,
  admin: false,
  roles: [],
  language: null,
  registered_on: '2026-11-01T09:30:00.000Z',
}
export const accountAnswer = success({ data: accountData })
/** Of a request for a code by mail. */
export const codeHandle = 'Hb6tLw0Rk9Zx2QcV'
export const codeOnItsWay = success({
  message: 'If this email has an account, a code is on its way.',
  handle: codeHandle,
})
export const feedAnswer =
  '{"version":1,"epoch":"6f1c9b0e2d4a7c8f1b3e5d70","now_ms":1793000000000,"first":1,"head":1,"from":0,"through":1,"rows":1}\nNq8vRk2LwT0aXc5Z1c9f2b4'
