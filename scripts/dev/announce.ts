/**
 * Tells the user where the service is, with three lines to copy into a shell, one after the other,
 * and where the API reference is, if anywhere.
 */
export function announce(
  baseUrl: string,
  passwordMinLength: number,
  referenceUrl: string | undefined,
): void {
  // A new account each time, for a database that is kept knows those of the last time.
  const account = `{"email":"ada-'$(date +%s)'@example.com","password":"${createPassword(passwordMinLength)}"}`
  console.log(`
Portcullis is at ${baseUrl} (Ctrl-C ends it). Three lines to try it with:

  TOKEN=$(curl -s ${baseUrl}/auth/register -H 'Content-Type: application/json' -d '${account}' | sed 's/.*"auth_token":"\\([^"]*\\)".*/\\1/'); echo "$TOKEN"
  curl -s -w '\\n' ${baseUrl}/auth/status -H "Authorization: Bearer $TOKEN"
  curl -s -w '\\n' ${baseUrl}/auth/logout -X POST -H "Authorization: Bearer $TOKEN"
`)
  if (referenceUrl) console.log(`The API reference is at ${referenceUrl}\n`)
}

function createPassword(minLength: number): string {
  return '123456'.padEnd(minLength, '123456')
}
