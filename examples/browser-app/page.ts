// The page. Its script never sees a token: the browser keeps both in cookies, and sends them along.

import { html } from 'hono/html'

export const page = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Portcullis in a browser</title>
<h1 id="who">…</h1>
<form id="account">
  <input name="email" type="email" placeholder="Email" autocomplete="username" required>
  <input name="password" type="password" placeholder="Password" autocomplete="current-password" required>
  <button value="login">Log in</button>
  <button value="register">Register</button>
</form>
<p>
  <button id="order">Order</button>
  <button id="logout">Log out</button>
  <button id="everywhere">Log out everywhere</button>
</p>
<p id="said" role="status"></p>
<script type="module">
  const said = document.querySelector('#said')
  const headers = { 'Content-Type': 'application/json' }
  const post = (path, body = {}) =>
    fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })

  // One refresh at a time for all tabs; whoever comes late finds newer cookies.
  const refresh = () => navigator.locks.request('refresh', () => post('/auth/refresh'))

  const codeOf = async (answer) => answer.status === 401 && (await answer.clone().json()).code

  async function askApi(ask) {
    let answer = await ask()
    if (answer.status === 401 && (await codeOf(answer)) !== 'login_not_fresh') {
      const refreshed = await refresh()
      // The service is away (503), or asked too often (429): that logs nobody out.
      if (!refreshed.ok && refreshed.status !== 401) return refreshed
      answer = await ask()
    }
    if ((await codeOf(answer)) !== 'login_not_fresh') return answer
    const again = await post('/auth/reauthenticate', { password: prompt('Your password, please.') ?? '' })
    return again.ok ? ask() : again
  }

  async function showWho() {
    const answer = await askApi(() => fetch('/api/me'))
    const seconds = answer.headers.get('Retry-After') ?? 'a few'
    document.querySelector('#who').textContent = answer.ok
      ? 'You are ' + (await answer.json()).email
      : answer.status === 401
        ? 'Nobody is logged in'
        : 'No answer now; reload in ' + seconds + ' seconds'
  }

  async function act(request) {
    const answer = await request()
    const { message, detail } = await answer.json()
    said.textContent = message ?? detail ?? (answer.ok ? 'Done.' : 'That did not work.')
    await showWho()
  }

  document.querySelector('#account').addEventListener('submit', (event) => {
    event.preventDefault()
    const account = Object.fromEntries(new FormData(event.target))
    act(() => post('/auth/' + event.submitter.value, account))
  })
  const onClick = (id, request) =>
    document.querySelector(id).addEventListener('click', () => act(request))
  onClick('#order', () => askApi(() => post('/api/orders')))
  onClick('#logout', () => post('/auth/logout'))
  onClick('#everywhere', () => post('/auth/logout-everywhere'))
  showWho()
</script>
</html>`
