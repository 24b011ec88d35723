/** Tells the user where the service is, with three lines to copy into a shell, one after the other. */
export function announce(baseUrl: string): void {
  console.log(`
Portcullis is at ${baseUrl} (Ctrl-C ends it). Three lines to try it with:

  TOKEN=$(curl -s ${baseUrl}/auth/register -H 'Content-Type: application/json' -d '{"email":"'$(date +%s)'@example.com","password":"123456"}' | tee /dev/stderr | sed 's/.*"auth_token":"\\([^"]*\\)".*/\\1/')
  curl -s ${baseUrl}/auth/status -H "Authorization: Bearer $TOKEN"
  curl -s ${baseUrl}/auth/logout -X POST -H "Authorization: Bearer $TOKEN"
`)
}
