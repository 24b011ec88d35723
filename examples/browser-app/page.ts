// The page. Its script never sees a token: the browser keeps both in cookies, and sends them.

import { html, raw } from 'hono/html'

const style = `
  :root { color-scheme: light dark; --line: light-dark(#d5d9e0, #3a404b); --accent: light-dark(#1d4ed8, #93b4ff) }
  body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; background: light-dark(#f4f5f7, #14171c); color: light-dark(#1b1f27, #e8eaee) }
  main { max-width: min(24rem, 100% - 5rem); margin: 12vh auto 2rem; padding: 1.5rem; border: 1px solid var(--line); border-radius: .75rem; background: light-dark(#fff, #1b1f27) }
  h1 { margin: 0 0 1rem; font-size: 1.25rem; overflow-wrap: anywhere }
  label { display: block; margin-top: .75rem; font-weight: 600 }
  input { box-sizing: border-box; width: 100%; padding: .5rem .625rem; font: inherit; border: 1px solid var(--line); border-radius: .375rem; background: transparent; color: inherit }
  input[aria-invalid=true] { border-color: light-dark(#b42318, #ff9b90) }
  .error { margin: .25rem 0 0; font-size: .875rem; color: light-dark(#b42318, #ff9b90) }
  .row { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: 1rem }
  button { padding: .5rem .875rem; font: inherit; border: 1px solid var(--accent); border-radius: .375rem; background: transparent; color: var(--accent); cursor: pointer }
  button.first { background: var(--accent); color: light-dark(#fff, #14171c) }
  button:disabled { opacity: .5; cursor: default }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
  [hidden] { display: none }
  #said { min-height: 1.5rem; margin: 1rem 0 0 }
  dialog { width: 20rem; border: 1px solid var(--line); border-radius: .75rem; background: light-dark(#fff, #1b1f27); color: inherit }
  dialog::backdrop { background: #0008 }
`

const script = `
  const $ = (selector) => document.querySelector(selector)

  // --- Asking the service and the API

  const headers = { 'Content-Type': 'application/json' }
  const post = (path, body = {}) =>
    fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })

  // One refresh at a time for all tabs. A tab that waited finds newer cookies.
  const refresh = () => navigator.locks.request('refresh', () => post('/auth/refresh'))

  const codeOf = async (answer) => (answer.ok ? undefined : (await answer.clone().json()).code)

  // Asks the API. Refreshes once if the token has expired, and asks for the password if required.
  async function askApi(ask) {
    let answer = await ask()
    let code = await codeOf(answer)
    // Without a cookie there is no login: both cookies live equally long.
    if (answer.status === 401 && !['token_missing', 'login_not_fresh'].includes(code)) {
      const refreshed = await refresh()
      // The service is away (503), or was asked too often (429). Neither is a logout.
      if (!refreshed.ok && refreshed.status !== 401) return refreshed
      answer = await ask()
      code = await codeOf(answer)
    }
    if (code !== 'login_not_fresh') return answer
    const password = await askForPassword()
    if (password === undefined) return answer
    const again = await post('/auth/reauthenticate', { password })
    return again.ok ? ask() : again
  }

  function askForPassword() {
    const dialog = $('#again')
    $('#again-password').value = ''
    dialog.returnValue = ''
    dialog.showModal()
    return new Promise((resolve) => {
      const end = () =>
        resolve(dialog.returnValue === 'confirm' ? $('#again-password').value : undefined)
      dialog.addEventListener('close', end, { once: true })
    })
  }

  // --- Showing the state

  function show(state, title) {
    $('#who').textContent = title
    for (const part of document.querySelectorAll('[data-when]')) {
      part.hidden = part.dataset.when !== state
    }
  }

  async function showWho() {
    const answer = await askApi(() => fetch('/api/me'))
    if (answer.ok) return show('in', 'You are ' + (await answer.json()).email)
    if (answer.status === 401) return show('out', 'Log in')
    show('away', 'No answer now. ' + (sayWhen(answer) ?? 'Try again in a few seconds.'))
  }

  // A refusal has a message, and one for each invalid field.
  function showRefusal(answer, { message, detail, errors = [] }) {
    for (const { field, message } of errors) showFieldError(field, message)
    $('#said').textContent = errors.length > 0 ? '' : withWait(answer, message ?? detail)
    if (errors.length > 0) document.getElementById(errors[0].field)?.focus()
  }

  // A 429 or 503 says when the next try is possible. That is more than "Please try again later."
  function withWait(answer, message) {
    const when = sayWhen(answer)
    return when ? message.replace(/ (Please )?try again.*$/i, '') + ' ' + when : message
  }

  // "Try again in 4 seconds." Minutes and hours are rounded up, but not for a second or minute.
  function sayWhen(answer) {
    const seconds = Number(answer.headers.get('Retry-After'))
    if (!seconds) return undefined
    const words = new Intl.RelativeTimeFormat('en')
    return 'Try again ' + words.format(...inUnits(seconds)) + '.'
  }

  function inUnits(seconds) {
    if (seconds < 100) return [seconds, 'second']
    const minutes = Math.ceil((seconds - 1) / 60)
    return minutes < 100 ? [minutes, 'minute'] : [Math.ceil((minutes - 1) / 60), 'hour']
  }

  function showFieldError(field, message) {
    const input = document.getElementById(field)
    const place = document.getElementById(field + '-error')
    if (!input || !place) return
    input.setAttribute('aria-invalid', message !== '')
    place.textContent = message
    place.hidden = message === ''
  }

  async function act(request, done) {
    for (const field of ['email', 'password']) showFieldError(field, '')
    $('#said').textContent = ''
    const answer = await request()
    const body = await answer.json()
    if (!answer.ok || answer.status === 202) showRefusal(answer, body)
    else if (done) $('#said').textContent = done
    await showWho()
  }

  // --- What users do

  $('#account').addEventListener('submit', (event) => {
    event.preventDefault()
    const account = Object.fromEntries(new FormData(event.target))
    act(() => post('/auth/' + (event.submitter?.value ?? 'login'), account))
  })
  const onClick = (id, request, done) =>
    $(id).addEventListener('click', () => act(request, done))
  onClick('#order', () => askApi(() => post('/api/orders')), 'Ordered.')
  onClick('#logout', () => post('/auth/logout'))
  onClick('#everywhere', () => post('/auth/logout-everywhere'))
  onClick('#retry', () => fetch('/health'))
  showWho()
`

export const page = html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Portcullis in a browser</title>
  <style>${raw(style)}</style>
</head>
<body>
<main>
  <h1 id="who">One moment …</h1>

  <form id="account" data-when="out" hidden novalidate>
    <label for="email">Email</label>
    <input id="email" name="email" type="email" autocomplete="username" aria-describedby="email-error">
    <p id="email-error" class="error" hidden></p>
    <label for="password">Password</label>
    <input id="password" name="password" type="password" autocomplete="current-password" aria-describedby="password-error">
    <p id="password-error" class="error" hidden></p>
    <p class="row">
      <button class="first" value="login">Log in</button>
      <button value="register">Register</button>
    </p>
  </form>

  <div data-when="in" hidden>
    <p>You stay logged in while you use the page, also after a token has expired.</p>
    <p class="row">
      <button id="order" class="first">Order</button>
      <button id="logout">Log out</button>
      <button id="everywhere">Log out everywhere</button>
    </p>
  </div>

  <p class="row" data-when="away" hidden><button id="retry" class="first">Try again</button></p>

  <p id="said" role="status"></p>
</main>

<dialog id="again" aria-labelledby="again-title">
  <form method="dialog">
    <h1 id="again-title">Your password, please</h1>
    <p>You gave it more than five minutes ago.</p>
    <label for="again-password">Password</label>
    <input id="again-password" type="password" autocomplete="current-password" required autofocus>
    <p class="row">
      <button class="first" value="confirm">Go on</button>
      <button value="cancel" formnovalidate>Cancel</button>
    </p>
  </form>
</dialog>

<script type="module">${raw(script)}</script>
</body>
</html>`
